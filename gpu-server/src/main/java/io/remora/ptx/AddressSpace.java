// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import io.remora.ptx.image.ImageTable;
import io.remora.ptx.memory.DeviceMemory;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Device memory of one owner: a window of synthetic addresses, a power of two long and aligned to
 * its length. Kernels that run in it can reach nothing else. Addresses are never host addresses.
 *
 * <p>Which parts may be used is decided in pages of {@link #PAGE_BYTES}: {@link #commit} makes
 * pages usable, {@link #release} takes them away. Any thread may call anything, also while kernels
 * run; only {@link #close} must come after the last launch and copy have ended.
 *
 * <p>Byte order is little endian, as on the device; buffers are copied byte by byte.
 */
public final class AddressSpace implements AutoCloseable {
  /** Granularity of validity: 64 KiB. */
  public static final long PAGE_BYTES = DeviceMemory.PAGE_BYTES;

  private final DeviceMemory memory;
  private final ImageTable images = new ImageTable();

  /**
   * Reserves a window. It costs host memory only where it is written.
   *
   * @param windowBase first address, a multiple of {@code windowBytes}
   * @param windowBytes a power of two, 1 MiB to 16 TiB; three quarters are for the caller
   * @param limitBytes most bytes committed at once
   */
  public AddressSpace(long windowBase, long windowBytes, long limitBytes) {
    this.memory = new DeviceMemory(windowBase, windowBytes, limitBytes);
  }

  /** First address of the window. */
  public long windowBase() {
    return memory.base();
  }

  /** Length of the part that the caller may commit, from {@link #windowBase} on. */
  public long userBytes() {
    return memory.userBytes();
  }

  /** Bytes committed now, in whole pages. */
  public long committedBytes() {
    return memory.committedBytes();
  }

  /**
   * Makes memory usable; it reads as zero.
   *
   * @param address first byte, a multiple of {@link #PAGE_BYTES}
   * @param bytes length, rounded up to whole pages
   * @return false, with nothing changed, if that would pass the limit
   * @throws IllegalArgumentException if a page is outside the user part or committed already
   */
  public boolean commit(long address, long bytes) {
    return memory.commit(address, bytes);
  }

  /**
   * Takes memory away and returns it to the host; committed again it reads as zero.
   *
   * @param address first byte, a multiple of {@link #PAGE_BYTES}
   * @param bytes length, rounded up to whole pages
   */
  public void release(long address, long bytes) {
    memory.release(address, bytes);
  }

  /** Whether every byte of the range is committed. */
  public boolean isValid(long address, long bytes) {
    return memory.isValid(address, bytes);
  }

  /**
   * Fills the remaining bytes of a buffer from device memory.
   *
   * @throws MemoryFault if part of the range isn't committed
   */
  public void read(long address, ByteBuffer target) {
    memory.read(address, target);
  }

  /**
   * Writes the remaining bytes of a buffer to device memory.
   *
   * @throws MemoryFault if part of the range isn't committed
   */
  public void write(long address, ByteBuffer source) {
    memory.write(address, source);
  }

  /**
   * Copies inside this space; the ranges may overlap.
   *
   * @throws MemoryFault if part of a range isn't committed
   */
  public void copy(long target, long source, long bytes) {
    memory.copy(target, source, bytes);
  }

  /**
   * Copies from another space to this one.
   *
   * @throws MemoryFault if part of a range isn't committed
   */
  public void copyFrom(AddressSpace from, long target, long source, long bytes) {
    memory.copy(target, from.memory, source, bytes);
  }

  /**
   * Writes a pattern again and again.
   *
   * @param address first byte, a multiple of the pattern's length
   * @param pattern the pattern, in the low bits
   * @param patternBytes 1, 2 or 4
   * @param count how many times
   * @throws MemoryFault if part of the range isn't committed, or the address is misaligned
   */
  public void fill(long address, int pattern, int patternBytes, long count) {
    memory.fill(address, pattern, patternBytes, count);
  }

  /** Textures and surfaces that kernels in this memory may use. */
  public ImageTable images() {
    return images;
  }

  /**
   * Sets how much memory kernels may hold from {@code malloc} at once; 8 MiB until then. It lies
   * outside of the caller's part and isn't counted by {@link #committedBytes}.
   *
   * @param bytes not negative
   * @return false, with nothing changed, if there is no room for it: it may have up to an eighth of
   *     the window
   * @throws IllegalStateException if a kernel has called {@code malloc} already
   */
  public boolean limitHeap(long bytes) {
    return memory.heap().setBytesMax(bytes);
  }

  /** How much memory kernels may hold from {@code malloc} at once. */
  public long heapBytes() {
    return memory.heap().bytesMax();
  }

  /**
   * What kernels have from {@code malloc}, which lies outside of the caller's part; null if none
   * has called it. No kernel may be running.
   */
  public @Nullable HeapState heapState() {
    return memory.heap().state();
  }

  /**
   * Goes on with the heap of another space that has the same window, before any kernel runs here.
   * The contents are to be written from {@link HeapState#start} on.
   *
   * @param bytes what {@link #heapBytes} is there, and will be here
   * @return false, with nothing changed, if there is no room for it
   * @throws IllegalArgumentException if no heap of this length has such blocks
   * @throws IllegalStateException if this space has a heap in use
   */
  public boolean restoreHeap(long bytes, HeapState state) {
    return memory.heap().restore(bytes, state);
  }

  /** The room below, for the engine. */
  DeviceMemory memory() {
    return memory;
  }

  /** Gives everything back. No launch and no copy may be running, and none may follow. */
  @Override
  public void close() {
    memory.close();
  }
}
