// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Buffers for payloads that aren't the program's memory: encoded from something else, or copied
 * because they may have to be sent again. Their sizes are powers of two; a few are kept for the
 * next upload. Used under the sender's lock.
 */
final class PayloadPool {
  /** Between uploads not more than this is held. */
  private static final long IDLE_BYTES_MAX = 4 << 20;

  private final List<Deque<ByteBuffer>> bySize = new ArrayList<>();
  private long idleBytes;

  PayloadPool() {
    for (int size = 0; size < Integer.SIZE; size++) {
      bySize.add(new ArrayDeque<>());
    }
  }

  private static int sizeOf(int bytes) {
    return Integer.SIZE - Integer.numberOfLeadingZeros(Math.max(1, bytes) - 1);
  }

  /** A buffer with room for so many bytes, which may be as many as a chunk has. */
  ByteBuffer take(int bytes) {
    int size = sizeOf(bytes);
    ByteBuffer idle = bySize.get(size).pollLast();
    if (idle == null) {
      return ByteBuffer.allocate(1 << size);
    }
    idleBytes -= idle.capacity();
    return idle.clear();
  }

  /** Takes a buffer back. */
  void release(ByteBuffer buffer) {
    if (idleBytes + buffer.capacity() <= IDLE_BYTES_MAX) {
      idleBytes += buffer.capacity();
      bySize.get(sizeOf(buffer.capacity())).add(buffer);
    }
  }
}
