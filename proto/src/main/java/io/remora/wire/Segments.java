// SPDX-License-Identifier: Apache-2.0
package io.remora.wire;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/** A received frame's buffers seen as one range of bytes, addressed by the offset in the frame. */
final class Segments {
  private final ByteBuffer[] buffers;

  /** Offset in the frame of each buffer's first byte. */
  private final int[] starts;

  private final int bytes;

  /**
   * @param contents the remaining bytes of these, in order; positions are not changed
   */
  Segments(List<ByteBuffer> contents) {
    // An empty buffer would have the same start as the one after it and hide it from the search.
    List<ByteBuffer> filled = contents.stream().filter(ByteBuffer::hasRemaining).toList();
    buffers = new ByteBuffer[filled.size()];
    starts = new int[buffers.length];
    int total = 0;
    for (int i = 0; i < buffers.length; i++) {
      buffers[i] = filled.get(i);
      starts[i] = total;
      total = Math.addExact(total, buffers[i].remaining());
    }
    bytes = total;
  }

  int bytes() {
    return bytes;
  }

  /** Copies {@code length} bytes from {@code offset}; the caller has checked the range. */
  void copy(int offset, byte[] into, int intoOffset, int length) {
    int index = indexOf(offset);
    int done = 0;
    while (done < length) {
      ByteBuffer buffer = buffers[index];
      int skipped = offset + done - starts[index];
      int part = Math.min(length - done, buffer.remaining() - skipped);
      buffer.get(buffer.position() + skipped, into, intoOffset + done, part);
      done += part;
      index++;
    }
  }

  /** Slices that together are {@code length > 0} bytes from {@code offset}; nothing is copied. */
  ByteBuffer[] slices(int offset, int length) {
    int first = indexOf(offset);
    int last = indexOf(offset + length - 1);
    ByteBuffer[] slices = new ByteBuffer[last - first + 1];
    int done = 0;
    for (int index = first; index <= last; index++) {
      ByteBuffer buffer = buffers[index];
      int skipped = offset + done - starts[index];
      int part = Math.min(length - done, buffer.remaining() - skipped);
      slices[index - first] = buffer.slice(buffer.position() + skipped, part);
      done += part;
    }
    return slices;
  }

  private int indexOf(int offset) {
    int found = Arrays.binarySearch(starts, offset);
    return found >= 0 ? found : -found - 2;
  }
}
