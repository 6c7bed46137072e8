// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * A part of one row of a two-dimensional copy: where it goes, and its bytes in the receive buffer.
 */
record RowPart(long address, ByteBuffer bytes) {
  /**
   * Splits packed rows at the ends of rows and of buffers.
   *
   * @param packed bytes of rows without what lies between them
   * @param offset where in all packed rows they begin
   */
  static List<RowPart> split(
      List<ByteBuffer> packed, long first, long pitch, long widthBytes, long offset) {
    List<RowPart> parts = new ArrayList<>();
    long at = offset;
    for (ByteBuffer buffer : packed) {
      while (buffer.hasRemaining()) {
        long column = at % widthBytes;
        int bytes = (int) Math.min(buffer.remaining(), widthBytes - column);
        ByteBuffer part = buffer.slice(buffer.position(), bytes);
        parts.add(new RowPart(first + at / widthBytes * pitch + column, part));
        buffer.position(buffer.position() + bytes);
        at += bytes;
      }
    }
    return parts;
  }
}
