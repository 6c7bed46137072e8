// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import io.remora.server.driver.Domain.DeviceBytes;
import io.remora.v1.CUgraphNodeType;
import io.remora.v1.CUresult;
import io.remora.v1.GraphNodeWork;
import io.remora.v1.StreamMemoryOperation;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Streams that wait for words of device memory, or write them. Whoever waits is asked for by
 * looking again and again, since the memory may be written by a kernel that is running; no thread
 * waits. Belongs to the session's serial executor.
 */
final class MemoryOperations {
  /** As CUDA has it. */
  private static final int OPERATIONS_MAX = 256;

  /** At first a stream is let go on soon, later at little cost. */
  private static final long FIRST_PAUSE_NANOS = 50_000;

  private static final long LAST_PAUSE_NANOS = 2_000_000;

  private MemoryOperations() {}

  /**
   * What a client says, for a device.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE}, also for memory of another device
   */
  static NodeWork.MemoryOperations of(
      ClientSession session, SessionDevice device, List<StreamMemoryOperation> said) {
    if (said.size() > OPERATIONS_MAX) {
      throw CallException.invalidValue("one call has " + OPERATIONS_MAX + " operations at most");
    }
    List<MemoryOperation> operations = new ArrayList<>(said.size());
    for (StreamMemoryOperation each : said) {
      MemoryOperation operation = MemoryOperation.of(each);
      if (session.memory(operation.address(), operation.bytes()) != device) {
        throw CallException.invalidValue("the word is another device's");
      }
      operations.add(operation);
    }
    return new NodeWork.MemoryOperations(
        device,
        operations,
        GraphNodeWork.newBuilder()
            .setType(CUgraphNodeType.CU_GRAPH_NODE_TYPE_BATCH_MEM_OP_VALUE)
            .addAllOperations(said)
            .build());
  }

  /** Works that do what is said, one after the other. */
  static List<QueuedWork> works(
      ClientSession session, SessionCall call, NodeWork.MemoryOperations said) {
    List<QueuedWork> works = new ArrayList<>(said.operations().size());
    for (MemoryOperation operation : said.operations()) {
      works.add(work(session, call, operation));
    }
    return works;
  }

  /** The work that does one operation. */
  static QueuedWork work(ClientSession session, SessionCall call, MemoryOperation operation) {
    return new WordWork(session, call, operation);
  }

  /** One operation on its stream. */
  private static final class WordWork extends CallWork {
    private final MemoryOperation operation;

    WordWork(ClientSession session, SessionCall call, MemoryOperation operation) {
      super(session, call);
      this.operation = operation;
    }

    @Override
    String label() {
      return operation.waits() ? "wait for a value" : "write a value";
    }

    @Override
    public boolean waitsForHost() {
      return operation.waits();
    }

    @Override
    void start(Domain domain, long driverStream) {
      long address = operation.address();
      if (operation.waits()) {
        Look look = new Look(this, operation);
        domain.copyToHost(driverStream, address, operation.bytes(), look::begin, this);
      } else {
        domain.copyToDevice(driverStream, address, operation.written(), this);
      }
    }
  }

  /** Looks at a word until it is as a stream wants it. */
  private static final class Look {
    private final WordWork work;
    private final MemoryOperation operation;
    private final ByteBuffer word;
    private long pauseNanos = FIRST_PAUSE_NANOS;

    Look(WordWork work, MemoryOperation operation) {
      this.work = work;
      this.operation = operation;
      this.word = ByteBuffer.allocate(operation.bytes());
    }

    /** The stream has got there, or a pause is over. */
    void begin(DeviceBytes memory) {
      memory.read(0, word.clear(), (result, nanos) -> looked(memory, result));
    }

    private void looked(DeviceBytes memory, int result) {
      if (result != CUresult.CUDA_SUCCESS_VALUE) {
        work.failed(result, "");
        memory.finish();
      } else if (operation.isFulfilledBy(word)) {
        memory.finish();
      } else {
        // A session that has ended frees its streams with what is on them.
        work.session.services().later(work.session, pauseNanos, () -> begin(memory));
        pauseNanos = Math.min(2 * pauseNanos, LAST_PAUSE_NANOS);
      }
    }
  }
}
