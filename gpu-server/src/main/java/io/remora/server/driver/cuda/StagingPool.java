// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
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
  private static final long PAUSE_NANOS = 20_000;

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

  /**
   * Reads device memory now, piece by piece through one slot; a worker waits for the copies.
   *
   * @param by whose stream the copies are put on
   * @param into its remaining bytes are filled
   * @return the driver's answer; for those who need one
   */
  int read(long address, ByteBuffer into, Zeroing by) {
    return piecewise(
        address,
        into,
        (slot, at, bytes) -> {
          Cuda.require(
              CudaCalls.cuMemcpyDtoHAsync_v2(slot.address(), at, bytes, by.stream().address()),
              "cuMemcpyDtoHAsync");
          by.finish();
          into.put(slot.buffer().slice(0, bytes));
        });
  }

  /** Writes device memory now, as {@link #read} reads it. */
  int write(long address, ByteBuffer from, Zeroing by) {
    return piecewise(
        address,
        from,
        (slot, at, bytes) -> {
          slot.buffer().put(0, from, from.position(), bytes);
          from.position(from.position() + bytes);
          Cuda.require(
              CudaCalls.cuMemcpyHtoDAsync_v2(at, slot.address(), bytes, by.stream().address()),
              "cuMemcpyHtoDAsync");
          by.finish();
        });
  }

  private interface Piece {
    void copy(Slot slot, long address, int bytes);
  }

  private int piecewise(long address, ByteBuffer host, Piece piece) {
    Slot slot;
    while ((slot = takeNow()) == null) {
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    try {
      long at = address;
      while (host.hasRemaining()) {
        int bytes = Math.min(host.remaining(), slot.buffer().capacity());
        piece.copy(slot, at, bytes);
        at += bytes;
      }
    } finally {
      giveBack(slot);
    }
    return CUresult.CUDA_SUCCESS_VALUE;
  }

  private synchronized @Nullable Slot takeNow() {
    return large.pollFirst();
  }

  void close() {
    int unused = CudaCalls.cuMemFreeHost(memory);
  }
}
