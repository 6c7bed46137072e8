// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.memory;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * Where {@code malloc} in kernels takes from: one piece of the scratch area, taken at the first
 * call, that lives as long as the memory. Blocks are powers of two; what is known of them is kept
 * outside of the device's memory, so that a kernel that writes over its blocks harms only itself.
 * Called by any worker.
 */
public final class DeviceHeap {
  /** CUDA's own default of {@code cudaLimitMallocHeapSize}. */
  public static final long BYTES = 8L << 20;

  private static final int SMALLEST = 16;

  private final ScratchArea scratch;
  private final Map<Long, Integer> live = new HashMap<>();
  private final Map<Integer, Deque<Long>> free = new HashMap<>();
  private long next;
  private long end;
  private boolean asked;

  DeviceHeap(ScratchArea scratch) {
    this.scratch = scratch;
  }

  /** An address aligned to 16 bytes, or 0 if there is no room. */
  public synchronized long allocate(long bytes) {
    if (bytes <= 0 || bytes > BYTES) {
      return 0;
    }
    int length = (int) Math.max(SMALLEST, Long.highestOneBit(2 * bytes - 1));
    Deque<Long> known = free.get(length);
    long address = known == null || known.isEmpty() ? fresh(length) : known.pop();
    if (address != 0) {
      live.put(address, length);
    }
    return address;
  }

  private long fresh(int length) {
    if (!asked) {
      asked = true;
      ScratchArea.Piece piece = scratch.take(BYTES);
      if (piece != null) {
        next = piece.address();
        end = next + piece.bytes();
      }
    }
    if (length > end - next) {
      return 0;
    }
    long address = next;
    next += length;
    return address;
  }

  /** Whether any block is out. */
  public synchronized boolean hasBlocks() {
    return !live.isEmpty();
  }

  /** Gives a block back; false if there is none at the address. */
  public synchronized boolean release(long address) {
    Integer length = live.remove(address);
    if (length == null) {
      return false;
    }
    free.computeIfAbsent(length, key -> new ArrayDeque<>()).push(address);
    return true;
  }
}
