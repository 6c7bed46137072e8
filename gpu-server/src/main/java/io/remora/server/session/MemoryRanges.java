// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

/** Arithmetic on sizes from the wire, which may be any 64 bits. */
final class MemoryRanges {
  private MemoryRanges() {}

  /**
   * The bytes in {@code count} units.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE} if no memory is that long
   */
  static long length(long count, int unitBytes) {
    if (count < 0 || count > Long.MAX_VALUE / unitBytes) {
      throw CallException.invalidValue("a length exceeds every memory");
    }
    return count * unitBytes;
  }

  /**
   * The bytes from the first of the first row to the last of the last row; 0 if there are none.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE} if rows overlap or no memory is that
   *     long
   */
  static long span(long rowBytes, long pitch, long rows) {
    if (rowBytes < 0 || rows < 0) {
      throw CallException.invalidValue("a length exceeds every memory");
    }
    if (rowBytes == 0 || rows == 0) {
      return 0;
    }
    if (rows > 1 && (pitch < rowBytes || pitch > (Long.MAX_VALUE - rowBytes) / (rows - 1))) {
      throw CallException.invalidValue("the pitch is less than a row, or exceeds every memory");
    }
    return rows == 1 ? rowBytes : (rows - 1) * pitch + rowBytes;
  }

  static void checkAlignment(long address, int unitBytes) {
    if (address % unitBytes != 0) {
      throw CallException.invalidValue("the address isn't a multiple of " + unitBytes);
    }
  }
}
