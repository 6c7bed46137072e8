// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Pinned host memory through which a domain's copies go, in slots of two sizes. A slot is taken for
 * as long as the device needs it, never while somebody outside is waited for, so a slot always
 * comes back. Each domain has its own, so that none can take another's.
 */
final class StagingPool {
  static final int LARGE_BYTES = 1 << 20;
  static final int SMALL_BYTES = 64 << 10;
  private static final int LARGE_COUNT = 4;
  private static final int SMALL_COUNT = 16;

  /**
   * @param buffer all of the slot
   */
  record Slot(long address, ByteBuffer buffer) {
    boolean isLarge() {
      return buffer.capacity() == LARGE_BYTES;
    }
  }

  private final long memory;
  private final ArrayDeque<Slot> large = new ArrayDeque<>();
  private final ArrayDeque<Slot> small = new ArrayDeque<>();
  private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();

  StagingPool() {
    Memory out = new Memory(Long.BYTES);
    long bytes = (long) LARGE_COUNT * LARGE_BYTES + (long) SMALL_COUNT * SMALL_BYTES;
    Cuda.require(
        CudaCalls.cuMemHostAlloc(Pointer.nativeValue(out), bytes, 0),
        "cuMemHostAlloc of " + bytes + " bytes");
    memory = out.getLong(0);
    long at = memory;
    for (int i = 0; i < LARGE_COUNT; i++, at += LARGE_BYTES) {
      large.add(slot(at, LARGE_BYTES));
    }
    for (int i = 0; i < SMALL_COUNT; i++, at += SMALL_BYTES) {
      small.add(slot(at, SMALL_BYTES));
    }
  }

  private static Slot slot(long address, int bytes) {
    return new Slot(address, new Pointer(address).getByteBuffer(0, bytes));
  }

  /**
   * A slot for a copy, or null; then {@code whenFree} is run when there may be one, once.
   *
   * @param bytes that are left to copy; the slot may have room for a part of them only
   */
  synchronized @Nullable Slot take(long bytes, Runnable whenFree) {
    Slot slot = (bytes <= SMALL_BYTES ? small : large).pollFirst();
    if (slot == null) {
      waiting.add(whenFree);
    }
    return slot;
  }

  /** The device doesn't need the slot any more. No lock may be held. */
  void giveBack(Slot slot) {
    List<Runnable> woken;
    synchronized (this) {
      (slot.isLarge() ? large : small).addFirst(slot);
      woken = List.copyOf(waiting);
      waiting.clear();
    }
    woken.forEach(Runnable::run);
  }

  void close() {
    int unused = CudaCalls.cuMemFreeHost(memory);
  }
}
