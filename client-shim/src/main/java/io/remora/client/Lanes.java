// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/**
 * Streams of the client's own on devices, in contexts that no program can reset. One is given out
 * only if it has nothing to do: else a wait could be behind one that it is needed for. Any thread.
 */
final class Lanes {
  private static final int NON_BLOCKING = 1;

  private final ClientCore core;
  private final OwnCalls calls;
  private final Map<Integer, Deque<Lane>> idle = new HashMap<>();

  Lanes(ClientCore core, OwnCalls calls) {
    this.core = core;
    this.calls = calls;
  }

  /** A stream of its own, in a context of its own. */
  record Lane(int device, long context, long stream) {
    DeviceCopy.End end() {
      return new DeviceCopy.End(context, stream);
    }
  }

  /** Takes one. If it can't be created, the first call that waits for it says so. */
  Lane take(int device) {
    Lane known = takeIdle(device);
    if (known != null) {
      return known;
    }
    Lane made = new Lane(device, core.newHandleNear(device), core.newHandleNear(device));
    int result =
        calls.tell(
            device,
            Calls.CU_CTX_CREATE,
            out -> CallWriter.cuCtxCreate(out, made.context, 0, device));
    if (result == CUresult.CUDA_SUCCESS) {
      calls.tell(
          made.context,
          Calls.CU_STREAM_CREATE,
          out -> CallWriter.cuStreamCreate(out, made.stream, NON_BLOCKING));
    }
    return made;
  }

  private synchronized @Nullable Lane takeIdle(int device) {
    Deque<Lane> lanes = idle.get(device);
    return lanes == null ? null : lanes.pollFirst();
  }

  /** Gives one back that has nothing to do any more. */
  synchronized void give(Lane lane) {
    idle.computeIfAbsent(lane.device, unused -> new ArrayDeque<>()).addFirst(lane);
  }
}
