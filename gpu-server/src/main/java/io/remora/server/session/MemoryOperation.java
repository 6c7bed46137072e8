// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.CUstreamBatchMemOpType;
import io.remora.v1.StreamMemoryOperation;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A word of device memory that a stream waits for or writes. Immutable.
 *
 * @param waits whether the stream waits until the word fulfils the condition
 * @param bytes 4 or 8
 * @param condition what {@code CUstreamWaitValue_flags} says of the comparison; 0 for a write
 */
record MemoryOperation(boolean waits, long address, long value, int bytes, int condition) {
  private static final int COMPARISON = 3;

  /** {@code CU_STREAM_WAIT_VALUE_FLUSH}: nothing is written from elsewhere. */
  private static final int FLUSH = 1 << 30;

  /**
   * Reads an operation; an operation that only orders others, as streams do anyway, is none.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE}
   */
  static MemoryOperation of(StreamMemoryOperation said) {
    CUstreamBatchMemOpType type = CUstreamBatchMemOpType.forNumber(said.getOperation());
    if (type == null) {
      throw CallException.invalidValue("there is no such memory operation");
    }
    return switch (type) {
      case CU_STREAM_MEM_OP_WAIT_VALUE_32 -> wait(said, Integer.BYTES);
      case CU_STREAM_MEM_OP_WAIT_VALUE_64 -> wait(said, Long.BYTES);
      case CU_STREAM_MEM_OP_WRITE_VALUE_32 -> write(said, Integer.BYTES);
      case CU_STREAM_MEM_OP_WRITE_VALUE_64 -> write(said, Long.BYTES);
      case CU_STREAM_MEM_OP_UNSPECIFIED,
          CU_STREAM_MEM_OP_FLUSH_REMOTE_WRITES,
          CU_STREAM_MEM_OP_BARRIER,
          UNRECOGNIZED ->
          throw CallException.invalidValue("the operation concerns no word of memory");
    };
  }

  private static MemoryOperation wait(StreamMemoryOperation said, int bytes) {
    int known = COMPARISON | FLUSH;
    return checked(said, true, bytes, known);
  }

  private static MemoryOperation write(StreamMemoryOperation said, int bytes) {
    return checked(said, false, bytes, 1);
  }

  private static MemoryOperation checked(
      StreamMemoryOperation said, boolean waits, int bytes, int flags) {
    if ((said.getFlags() & ~flags) != 0) {
      throw CallException.invalidValue("a memory operation has unknown flags");
    }
    MemoryRanges.checkAlignment(said.getAddress(), bytes);
    int condition = waits ? said.getFlags() & COMPARISON : 0;
    return new MemoryOperation(waits, said.getAddress(), said.getValue(), bytes, condition);
  }

  /** What a write writes, as it lies in memory. */
  ByteBuffer written() {
    ByteBuffer word = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
    return (bytes == Integer.BYTES ? word.putInt((int) value) : word.putLong(value)).flip();
  }

  /** Whether a wait is over that has found this in memory. */
  boolean isFulfilledBy(ByteBuffer word) {
    ByteBuffer found = word.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    return bytes == Integer.BYTES
        ? isFulfilledBy(found.getInt(0))
        : switch (condition) {
          case 0 -> found.getLong(0) - value >= 0;
          case 1 -> found.getLong(0) == value;
          case 2 -> (found.getLong(0) & value) != 0;
          default -> ~(found.getLong(0) | value) != 0;
        };
  }

  private boolean isFulfilledBy(int found) {
    int wanted = (int) value;
    return switch (condition) {
      case 0 -> found - wanted >= 0;
      case 1 -> found == wanted;
      case 2 -> (found & wanted) != 0;
      default -> ~(found | wanted) != 0;
    };
  }
}
