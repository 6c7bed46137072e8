// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.nio.ByteBuffer;

/**
 * A rectangle in Java memory as the bytes of its rows, one row behind the other.
 *
 * @param span from the first byte of the first row to the last byte of the last
 * @param pitch bytes from the beginning of a row to that of the next
 * @param width bytes of a row, at most {@code pitch}
 * @param height number of rows
 */
record HostRows(HostSpan span, long pitch, long width, long height)
    implements ByteSource, ByteSink {
  /** Bytes from the first to the last, with what lies between the rows. */
  static long spanBytes(long pitch, long width, long height) {
    return height == 0 ? 0 : Math.addExact(Math.multiplyExact(pitch, height - 1), width);
  }

  @Override
  public long bytes() {
    return width * height;
  }

  @Override
  public boolean isInPlace() {
    return false;
  }

  @Override
  public ByteBuffer read(long offset, int length, ByteBuffer scratch) {
    ByteBuffer into = scratch.clear().limit(length);
    ByteBuffer rowScratch = ByteBuffer.allocate((int) Math.min(width, length));
    long at = offset;
    while (into.hasRemaining()) {
      long column = at % width;
      int part = (int) Math.min(into.remaining(), width - column);
      into.put(span.read(at / width * pitch + column, part, rowScratch));
      at += part;
    }
    return into.flip();
  }

  @Override
  public void write(long offset, ByteBuffer from) {
    long at = offset;
    while (from.hasRemaining()) {
      long column = at % width;
      int part = (int) Math.min(from.remaining(), width - column);
      int limit = from.limit();
      from.limit(from.position() + part);
      span.write(at / width * pitch + column, from.slice());
      from.position(from.limit()).limit(limit);
      at += part;
    }
  }
}
