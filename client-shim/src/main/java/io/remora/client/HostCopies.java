// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.client.generated.Outputs;
import io.remora.wire.WireWriter;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import jcuda.Pointer;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/**
 * Copies of the program's memory that are in graphs. The server knows them by numbers; at each
 * launch their bytes are sent, or asked for. Any thread may use it.
 */
final class HostCopies {
  /** {@code GraphNodeWork.host_copy}. */
  static final int TO_DEVICE = 1;

  static final int TO_HOST = 2;

  /** What RemoraGraphQuery is asked. */
  private static final int COPIES_OF_EXEC = 5;

  private static final Copies NONE = new Copies(new long[0], new long[0]);

  private final ConcurrentHashMap<Long, HostPart> memory = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<Long, Copies> execs = new ConcurrentHashMap<>();
  private final AtomicLong numbers = new AtomicLong();

  /** The copies of an instantiated graph, and their directions. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Copies(long[] numbers, long[] directions) {}

  /** Memory of the program, as it named it. */
  private record HostPart(Pointer start, HostSpan span) {}

  /** Keeps memory that a graph copies from or to, for the life of the session. */
  long register(Pointer start, HostSpan span) {
    long number = numbers.incrementAndGet();
    memory.put(number, new HostPart(start.withByteOffset(0), span));
    return number;
  }

  /** Where the memory with a number begins, or null. */
  @Nullable Pointer find(long number) {
    HostPart part = memory.get(number);
    return part == null ? null : part.start.withByteOffset(0);
  }

  /** Asks what an instantiated graph copies; nothing if the program has no such copies at all. */
  int learn(ClientCore core, ThreadState thread, long exec) {
    if (memory.isEmpty()) {
      return CUresult.CUDA_SUCCESS;
    }
    WireWriter out = core.begin(Calls.REMORA_GRAPH_QUERY, thread);
    try {
      CallWriter.remoraGraphQuery(out, COPIES_OF_EXEC, exec);
      core.endSync(thread);
    } finally {
      core.release();
    }
    int result = core.await(thread, Calls.REMORA_GRAPH_QUERY);
    if (result == CUresult.CUDA_SUCCESS) {
      Outputs.RemoraGraphQuery found = Outputs.remoraGraphQuery(core.outputs(thread));
      execs.put(exec, new Copies(found.first(), found.second()));
    }
    return result;
  }

  void forget(long exec) {
    execs.remove(exec);
  }

  /** Whether launching this graph moves memory of the program. */
  boolean has(long exec) {
    return execs.getOrDefault(exec, NONE).numbers.length != 0;
  }

  /** Sends and asks for what a launch copies; the launch must be the next call for this graph. */
  int transfer(ClientCore core, long exec) {
    Copies copies = execs.getOrDefault(exec, NONE);
    int result = CUresult.CUDA_SUCCESS;
    for (int i = 0; i < copies.numbers.length && result == CUresult.CUDA_SUCCESS; i++) {
      long number = copies.numbers[i];
      HostPart part = memory.get(number);
      HostSpan span = part == null ? null : part.span;
      if (copies.directions[i] == TO_DEVICE) {
        result =
            new BulkCopy(core)
                .upload(
                    span,
                    Calls.REMORA_GRAPH_INPUT,
                    (out, chunk, offset, tail) -> {
                      if (tail) {
                        CallWriter.remoraGraphInputTail(out, exec, number, chunk, offset);
                      } else {
                        CallWriter.remoraGraphInput(out, exec, number, chunk, offset);
                      }
                    });
      } else {
        result =
            new BulkCopy(core)
                .downloadInBackground(
                    span,
                    Calls.REMORA_GRAPH_OUTPUT,
                    out -> CallWriter.remoraGraphOutput(out, exec, number),
                    (outputs, target) -> {
                      Outputs.RemoraGraphOutput piece = Outputs.remoraGraphOutput(outputs);
                      target.accept(piece.chunkOffset(), piece.dstHost());
                    });
      }
    }
    return result;
  }
}
