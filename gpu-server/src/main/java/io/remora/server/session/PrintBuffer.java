// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.io.ByteArrayOutputStream;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * What a session's kernels on one device have printed and the client has not been sent: CUDA's
 * buffer of {@code CU_LIMIT_PRINTF_FIFO_SIZE} bytes. When it is full the oldest is lost, and
 * counted. Thread-safe by one lock, which is taken only where something is printed.
 */
final class PrintBuffer {
  /** As CUDA's until a program sets the limit. */
  static final long BYTES_DEFAULT = 1 << 20;

  /** Most that a program may ask for. */
  static final long BYTES_MAX = 64 << 20;

  /** What one entry costs beyond its text, so that empty ones don't come for nothing. */
  private static final int ENTRY_BYTES = 32;

  private final Deque<byte[]> entries = new ArrayDeque<>();
  private long bytesMax = BYTES_DEFAULT;
  private long bytes;
  private long lost;

  /** Read without the lock, as a hint. */
  private volatile boolean filled;

  /**
   * @param text whole entries
   * @param lost entries that were lost before these
   */
  record Piece(byte[] text, long lost) {}

  /** Whether there may be something to take. */
  boolean isFilled() {
    return filled;
  }

  /** Adds what one {@code printf} has printed; any thread. */
  synchronized void add(byte[] text) {
    entries.addLast(text);
    bytes += text.length + ENTRY_BYTES;
    dropOldest();
    filled = true;
  }

  /** Changes the size; what doesn't fit any more is lost. */
  synchronized void setBytesMax(long newBytesMax) {
    bytesMax = newBytesMax;
    dropOldest();
  }

  private void dropOldest() {
    while (bytes > bytesMax) {
      byte[] oldest = entries.removeFirst();
      bytes -= oldest.length + ENTRY_BYTES;
      lost++;
    }
  }

  /**
   * Takes the oldest entries, or null if there are none.
   *
   * @param textBytes take no more entries once there are so many bytes
   */
  synchronized @Nullable Piece take(int textBytes) {
    if (entries.isEmpty() && lost == 0) {
      filled = false;
      return null;
    }
    var text = new ByteArrayOutputStream();
    while (text.size() < textBytes && !entries.isEmpty()) {
      byte[] entry = entries.removeFirst();
      bytes -= entry.length + ENTRY_BYTES;
      text.writeBytes(entry);
    }
    Piece piece = new Piece(text.toByteArray(), lost);
    lost = 0;
    filled = !entries.isEmpty();
    return piece;
  }

  /** What it holds at most. */
  synchronized long bytesMax() {
    return bytesMax;
  }

  /** Whether nothing waits to be taken. */
  synchronized boolean isEmpty() {
    return entries.isEmpty() && lost == 0;
  }
}
