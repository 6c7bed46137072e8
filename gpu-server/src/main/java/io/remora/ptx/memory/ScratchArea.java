// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.memory;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The upper part of a window, from which running blocks take their shared and local memory, so that
 * one check serves every generic address. Pieces are powers of two and are kept for the next
 * launch. Taken and given back a few times per launch, from any thread.
 */
public final class ScratchArea {
  private final DeviceMemory memory;
  private final long start;
  private final long end;
  private final Map<Long, Deque<Piece>> free = new HashMap<>();
  private long next;

  /**
   * Memory of one running block.
   *
   * @param address device address
   * @param host host address
   * @param bytes usable length
   */
  public record Piece(long address, long host, long bytes) {}

  ScratchArea(DeviceMemory memory, long start, long bytes) {
    this.memory = memory;
    this.start = start;
    this.next = start;
    this.end = start + bytes;
  }

  /** Length of the whole area. */
  long bytes() {
    return end - start;
  }

  /**
   * Takes a piece of at least this length, or null if the area is used up. Contents are arbitrary.
   */
  public synchronized @Nullable Piece take(long bytes) {
    long length = length(bytes);
    Deque<Piece> pieces = free.get(length);
    if (pieces != null && !pieces.isEmpty()) {
      return pieces.pop();
    }
    return length > end - next ? null : fresh(length);
  }

  private static long length(long bytes) {
    return bytes <= DeviceMemory.PAGE_BYTES
        ? DeviceMemory.PAGE_BYTES
        : Long.highestOneBit(bytes - 1) << 1;
  }

  private Piece fresh(long length) {
    var piece = new Piece(next, next + memory.toHost, length);
    memory.setValid(piece.address(), length, true);
    next += length;
    return piece;
  }

  /**
   * Takes the piece at an address, which was one of another area at the same place, or null if it
   * can't be one here: no piece behind it may have been taken. What lies before it is for others.
   */
  synchronized @Nullable Piece takeAt(long address, long bytes) {
    if (bytes < 0 || bytes > end - start || address < next || address > end - length(bytes)) {
      return null;
    }
    if ((address - next) % DeviceMemory.PAGE_BYTES != 0) {
      return null;
    }
    while (next < address) {
      giveBack(fresh(Long.highestOneBit(address - next)));
    }
    return fresh(length(bytes));
  }

  /** Gives a piece back. */
  public synchronized void giveBack(Piece piece) {
    free.computeIfAbsent(piece.bytes(), length -> new ArrayDeque<>()).push(piece);
  }
}
