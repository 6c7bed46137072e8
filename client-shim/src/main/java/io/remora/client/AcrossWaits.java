// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.Lanes.Lane;
import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/**
 * Streams that wait for events of other servers: each stands still at a function of the client's
 * own, until the client has heard that the event has come. Any thread.
 */
final class AcrossWaits {
  private final ClientCore core;
  private final OwnCalls calls;
  private final Lanes lanes;
  private final AcrossThread thread;

  /** Those that are closed, or whose stream isn't there yet. Guards itself and what they have. */
  private final Set<Gate> gates = new LinkedHashSet<>();

  AcrossWaits(ClientCore core, OwnCalls calls, Lanes lanes, AcrossThread thread) {
    this.core = core;
    this.calls = calls;
    this.lanes = lanes;
    this.thread = thread;
  }

  /** One stream that waits for one event. */
  private static final class Gate {
    final int source;
    @Nullable HeldStream held;
    boolean open;
    int result;

    /**
     * @param source the event's server
     */
    Gate(int source) {
      this.source = source;
    }
  }

  /**
   * Lets a stream wait for an event of another server.
   *
   * @param stream on the wire
   * @param event on the wire
   */
  int await(long stream, long event) {
    int result = core.refusal(core.thread());
    if (result != CUresult.CUDA_SUCCESS || core.captures().get() != 0) {
      return result != CUresult.CUDA_SUCCESS ? result : CUresult.CUDA_ERROR_NOT_SUPPORTED;
    }
    Numbering numbering = core.servers().numbering();
    Gate gate = new Gate(numbering.home(event));
    Lane lane = lanes.take(numbering.firstDevice(gate.source));
    result = hold(stream, gate);
    if (result != CUresult.CUDA_SUCCESS) {
      lanes.give(lane);
      return result;
    }
    result = watch(gate, lane, event);
    if (result != CUresult.CUDA_SUCCESS) {
      // The caller is told; the lane may be anywhere, and is left alone.
      open(gate, CUresult.CUDA_SUCCESS);
    }
    // Both servers have something to do for it.
    core.servers().senders(CallSender::flush);
    return result;
  }

  /** Holds the stream until the gate is open. */
  private int hold(long stream, Gate gate) {
    synchronized (gates) {
      gates.add(gate);
    }
    // A stream that has failed tells of it itself.
    long token = core.hostFunctions().registerHeld((status, held) -> reached(gate, held));
    int result =
        core.tell(
            Calls.CU_STREAM_ADD_CALLBACK,
            out -> CallWriter.cuStreamAddCallback(out, stream, 0, token));
    if (result != CUresult.CUDA_SUCCESS) {
      core.hostFunctions().forget(token);
      synchronized (gates) {
        gates.remove(gate);
      }
    }
    return result;
  }

  /** Lets the client hear when the event has come. */
  private int watch(Gate gate, Lane lane, long event) {
    int result =
        calls.tell(
            lane.context(),
            Calls.CU_STREAM_WAIT_EVENT,
            out -> CallWriter.cuStreamWaitEvent(out, lane.stream(), event, 0));
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    // The event's own server tells of its failure.
    long token = core.hostFunctions().register(status -> came(gate, lane));
    result =
        calls.tell(
            lane.context(),
            Calls.CU_STREAM_ADD_CALLBACK,
            out -> CallWriter.cuStreamAddCallback(out, lane.stream(), 0, token));
    if (result != CUresult.CUDA_SUCCESS) {
      core.hostFunctions().forget(token);
    }
    return result;
  }

  private void came(Gate gate, Lane lane) {
    lanes.give(lane);
    open(gate, CUresult.CUDA_SUCCESS);
  }

  private void reached(Gate gate, HeldStream held) {
    synchronized (gates) {
      gate.held = held;
      letGoIfBoth(gate);
    }
  }

  private void open(Gate gate, int result) {
    synchronized (gates) {
      if (!gate.open) {
        gate.open = true;
        gate.result = result;
        letGoIfBoth(gate);
      }
    }
  }

  /** Under the lock. */
  private void letGoIfBoth(Gate gate) {
    HeldStream held = gate.held;
    if (held != null && gate.open) {
      gates.remove(gate);
      int result = gate.result;
      thread.post(
          () -> result,
          end ->
              held.letGo(
                  end,
                  Calls.CU_STREAM_WAIT_EVENT,
                  "a stream has waited for an event of a server that is lost"));
    }
  }

  /** No event of a server comes any more. Doesn't block. */
  void lost(int server) {
    synchronized (gates) {
      for (Gate each : List.copyOf(gates)) {
        if (each.source == server) {
          open(each, CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE);
        }
      }
    }
  }
}
