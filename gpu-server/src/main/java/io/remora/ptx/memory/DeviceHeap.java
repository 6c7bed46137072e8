// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.memory;

import io.remora.ptx.HeapState;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Where {@code malloc} in kernels takes from: one piece of the scratch area, which is kept for as
 * long as the memory lives. Blocks are powers of two; what is known of them is kept outside of the
 * device's memory, so that a kernel that writes over its blocks harms only itself. Called by any
 * worker.
 */
public final class DeviceHeap {
  /** CUDA's own default of {@code cudaLimitMallocHeapSize}. */
  public static final long BYTES = 8L << 20;

  private static final int SMALLEST = 16;

  private final ScratchArea scratch;
  private final Map<Long, Long> live = new HashMap<>();
  private final Map<Long, Deque<Long>> free = new HashMap<>();
  private long bytesMax = BYTES;
  private ScratchArea.@Nullable Piece piece;
  private boolean used;

  /**
   * Where the next fresh block begins, and where the heap ends; its own length if it is nowhere.
   */
  private long next;

  private long end;

  DeviceHeap(ScratchArea scratch) {
    this.scratch = scratch;
  }

  /** The most that may be out at once. */
  public synchronized long bytesMax() {
    return bytesMax;
  }

  /**
   * Sets how much there is; if that is something new a piece of that length is taken at once.
   *
   * @param bytes not negative
   * @return false, with nothing changed, if the scratch area has no room for it
   * @throws IllegalStateException if {@code malloc} was called already
   */
  public synchronized boolean setBytesMax(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("bytes must not be negative: " + bytes);
    }
    if (used) {
      throw new IllegalStateException("the heap is in use");
    }
    if (bytes == bytesMax) {
      return true;
    }
    ScratchArea.Piece taken = bytes > scratch.bytes() / 2 ? null : scratch.take(bytes);
    if (taken == null) {
      return false;
    }
    if (piece != null) {
      scratch.giveBack(piece);
    }
    piece = taken;
    bytesMax = bytes;
    return true;
  }

  /** An address aligned to 16 bytes, or 0 if there is no room. */
  public synchronized long allocate(long bytes) {
    if (bytes <= 0 || bytes > bytesMax) {
      return 0;
    }
    long length = Math.max(SMALLEST, Long.highestOneBit(2 * bytes - 1));
    Deque<Long> known = free.get(length);
    long address = known == null || known.isEmpty() ? fresh(length) : known.pop();
    if (address != 0) {
      live.put(address, length);
    }
    return address;
  }

  private long fresh(long length) {
    if (!used) {
      used = true;
      ScratchArea.Piece from = piece == null ? scratch.take(bytesMax) : piece;
      piece = from;
      next = from == null ? bytesMax : from.address();
      end = from == null ? bytesMax : next + bytesMax; // The piece may be longer.
    }
    if (length > end - next) {
      return 0;
    }
    long address = next;
    next += length;
    return address;
  }

  /** What was given out so far; null if {@code malloc} was never called. */
  public synchronized @Nullable HeapState state() {
    if (!used) {
      return null;
    }
    TreeMap<Long, Integer> blocks = new TreeMap<>();
    live.forEach((address, length) -> blocks.put(address, logarithm(length) | HeapState.OUT));
    free.forEach(
        (length, addresses) ->
            addresses.forEach(address -> blocks.put(address, logarithm(length))));
    ByteBuffer each = ByteBuffer.allocate(blocks.size());
    blocks.values().forEach(block -> each.put(block.byteValue()));
    return new HeapState(end - bytesMax, each.flip());
  }

  private static int logarithm(long length) {
    return Long.numberOfTrailingZeros(length);
  }

  /**
   * Goes on with what another heap has given out, in a memory with the same window of which no
   * kernel has used anything yet. The contents are still to come.
   *
   * @param bytes the most that may be out at once
   * @return false, with nothing changed, if there is no room for it there
   * @throws IllegalArgumentException if the blocks are longer than the heap
   */
  public synchronized boolean restore(long bytes, HeapState before) {
    if (used || piece != null) {
      throw new IllegalStateException("the heap is in use");
    }
    if (bytes < 0 || before.bytes() > bytes) {
      throw new IllegalArgumentException("blocks of more than a heap's " + bytes + " bytes");
    }
    if (before.start() != 0) {
      ScratchArea.Piece there = scratch.takeAt(before.start(), bytes);
      if (there == null) {
        return false;
      }
      piece = there;
      next = there.address();
      end = next + bytes;
    } else {
      end = bytes;
      next = bytes;
    }
    used = true;
    bytesMax = bytes;
    ByteBuffer blocks = before.blocks();
    while (blocks.hasRemaining()) {
      byte block = blocks.get();
      long length = HeapState.length(block);
      if (HeapState.isOut(block)) {
        live.put(next, length);
      } else {
        free.computeIfAbsent(length, key -> new ArrayDeque<>()).push(next);
      }
      next += length;
    }
    return true;
  }

  /** Gives a block back; false if there is none at the address. */
  public synchronized boolean release(long address) {
    Long length = live.remove(address);
    if (length == null) {
      return false;
    }
    free.computeIfAbsent(length, key -> new ArrayDeque<>()).push(address);
    return true;
  }
}
