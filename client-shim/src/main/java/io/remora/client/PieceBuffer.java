// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.nio.ByteBuffer;

/** A piece of a copy on its way from one server to another. Used by one thread at a time. */
final class PieceBuffer implements ByteSource, ByteSink {
  private final byte[] array;
  private final int bytes;

  /**
   * @param bytes how many of the array's
   */
  PieceBuffer(byte[] array, int bytes) {
    this.array = array;
    this.bytes = bytes;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public boolean isInPlace() {
    return true;
  }

  @Override
  public ByteBuffer read(long offset, int length, ByteBuffer scratch) {
    return ByteBuffer.wrap(array, (int) offset, length);
  }

  @Override
  public void write(long offset, ByteBuffer from) {
    from.get(array, (int) offset, from.remaining());
  }
}
