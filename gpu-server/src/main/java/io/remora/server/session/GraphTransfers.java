// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.CUresult;
import io.remora.wire.Payload;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Bytes that graphs copy between the client's memory and the device. A client sends them, or asks
 * for them, right before the launch that they belong to; until then they wait here as calls that
 * have not ended. Belongs to the session's serial executor.
 */
final class GraphTransfers {
  /** What may wait for launches. */
  private static final long WAITING_BYTES_MAX = 256L << 20;

  private static final int WAITING_CALLS_MAX = 1 << 16;

  private final ClientSession session;
  private final Downloads downloads;
  private long waitingBytes;
  private int waitingCalls;

  GraphTransfers(ClientSession session, Downloads downloads) {
    this.session = session;
    this.downloads = downloads;
  }

  /** A call that waits for the launch that it belongs to. */
  record Waiting(SessionCall call, long number, List<ByteBuffer> parts, long offset, long bytes) {}

  void input(SessionCall call, long exec, long number, Payload bytes, long offset) {
    SessionGraphExec graph = session.objects().graphExec(exec);
    if (bytes.bytes() == 0 || offset < 0) {
      throw CallException.invalidValue("a chunk is empty");
    }
    checkRoom(bytes.bytes());
    List<ByteBuffer> parts = bytes.buffers();
    call.hold(session.currentFrame(), bytes.bytes());
    add(graph, new Waiting(call, number, parts, offset, bytes.bytes()));
  }

  void output(SessionCall call, long exec, long number) {
    SessionGraphExec graph = session.objects().graphExec(exec);
    checkRoom(0);
    add(graph, new Waiting(call, number, List.of(), 0, 0));
  }

  private void checkRoom(long more) {
    if (waitingBytes + more > WAITING_BYTES_MAX || waitingCalls >= WAITING_CALLS_MAX) {
      throw CallException.outOfMemory(
          "a launch may bring " + WAITING_BYTES_MAX + " bytes of host memory along");
    }
  }

  private void add(SessionGraphExec graph, Waiting waiting) {
    graph.waiting().add(waiting);
    waitingBytes += waiting.bytes();
    waitingCalls++;
  }

  /** Takes what waits for a launch of this graph. */
  List<Waiting> take(SessionGraphExec graph) {
    List<Waiting> taken = new ArrayList<>(graph.waiting());
    graph.waiting().clear();
    for (Waiting waiting : taken) {
      waitingBytes -= waiting.bytes();
      waitingCalls--;
    }
    return taken;
  }

  /** Ends calls whose launch will not be. */
  static void drop(List<Waiting> waiting, int result, String detail) {
    waiting.forEach(each -> drop(each.call(), result, detail));
    waiting.clear();
  }

  /** Ends one call whose launch will not be; bytes that are not needed are no error. */
  static void drop(SessionCall call, int result, String detail) {
    call.dropBytes();
    if (call.isWaiting()) {
      call.fail(result, detail);
    } else {
      call.succeed();
    }
  }

  /** A graph is being destroyed. */
  void graphEnds(SessionGraphExec graph) {
    drop(take(graph), CUresult.CUDA_ERROR_INVALID_VALUE_VALUE, "the graph was destroyed");
  }

  /**
   * The calls that carry one copy out, ready to be put on a stream.
   *
   * @param left calls of the launch that no copy has taken yet; those taken are removed
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE} if the client didn't send all bytes
   */
  List<SessionCall> prepare(NodeWork.HostCopy copy, List<Waiting> left) {
    List<SessionCall> calls = new ArrayList<>(1);
    long missing = copy.bytes();
    for (var each = left.iterator(); each.hasNext() && missing > 0; ) {
      Waiting waiting = each.next();
      if (waiting.number() == copy.number() && waiting.call().isWaiting() != copy.toDevice()) {
        each.remove();
        calls.add(waiting.call());
        missing = copy.toDevice() ? prepareInput(copy, waiting, missing) : 0;
        if (!copy.toDevice()) {
          waiting
              .call()
              .prepare(
                  WorkKeys.ofBytes(waiting.call().number(), copy.bytes()),
                  downloads.reading(waiting.call(), copy));
        }
      }
    }
    if (missing != 0) {
      CallException refused =
          CallException.invalidValue(
              "the launch lacks bytes of host memory that the graph copies, or has them in another"
                  + " order");
      calls.forEach(call -> drop(call, refused.result(), refused.detail()));
      throw refused;
    }
    return calls;
  }

  /** Returns how many bytes are missing after this chunk; less than 0 if it doesn't fit. */
  private static long prepareInput(NodeWork.HostCopy copy, Waiting chunk, long missing) {
    if (chunk.bytes() > missing || chunk.offset() != copy.bytes() - missing) {
      return -1;
    }
    List<RowPart> parts =
        RowPart.split(
            chunk.parts(), copy.address(), copy.pitch(), copy.widthBytes(), chunk.offset());
    chunk
        .call()
        .prepare(
            WorkKeys.ofBytes(chunk.call().number(), chunk.bytes()),
            (domain, stream, observer) -> CopyCalls.copyRows(domain, stream, parts, observer));
    return missing - chunk.bytes();
  }

  /** Whether nothing waits for a launch. */
  boolean isIdle() {
    return waitingCalls == 0;
  }
}
