// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.memory;

import io.remora.ptx.MemoryFault;
import java.nio.ByteBuffer;

/**
 * One window of device addresses, a power of two long and aligned to its length, over one host
 * mapping of the same length. A byte for each 64 KiB page says whether the page may be used. Any
 * thread may read and write; {@link #commit} and {@link #release} are serialised here. The host
 * range stays mapped until {@link #close}, so a race between access and release touches zeros,
 * never foreign memory.
 */
public final class DeviceMemory implements AutoCloseable {
  /** log2 of the page length. */
  public static final int PAGE_SHIFT = 16;

  /** Granularity of validity, in bytes. */
  public static final long PAGE_BYTES = 1L << PAGE_SHIFT;

  private static final byte VALID = 1;
  private static final long WINDOW_BYTES_MIN = 1L << 20;
  private static final long WINDOW_BYTES_MAX = 1L << 44;

  // The generated code's accessors read these four in every check; see Access.
  final long base;
  final long outsideMask;
  final long toHost;
  final long pageTable;

  private final long windowBytes;
  private final long limitBytes;
  private final HostMapping mapping;
  private final HostMapping pages;
  private final ScratchArea scratch;
  private final DeviceHeap heap;
  private long committedBytes;
  private boolean closed;

  /**
   * Reserves the window.
   *
   * @param base first device address, a multiple of {@code windowBytes}, not negative
   * @param windowBytes a power of two, 1 MiB to 16 TiB; the upper quarter is the engine's own
   *     (shared and local memory of running blocks)
   * @param limitBytes most bytes that may be committed at once
   */
  public DeviceMemory(long base, long windowBytes, long limitBytes) {
    if (Long.bitCount(windowBytes) != 1
        || windowBytes < WINDOW_BYTES_MIN
        || windowBytes > WINDOW_BYTES_MAX) {
      throw new IllegalArgumentException(
          "windowBytes must be a power of two from 1 MiB to 16 TiB: " + windowBytes);
    }
    if (base < 0 || base % windowBytes != 0) {
      throw new IllegalArgumentException(
          "windowBase must be a multiple of windowBytes: 0x" + Long.toHexString(base));
    }
    if (limitBytes < 0) {
      throw new IllegalArgumentException("limitBytes must not be negative: " + limitBytes);
    }
    this.base = base;
    this.windowBytes = windowBytes;
    this.limitBytes = limitBytes;
    this.outsideMask = -windowBytes;
    this.mapping = HostMapping.reserve(windowBytes);
    this.pages = HostMapping.reserve(Math.max(windowBytes >> PAGE_SHIFT, 4096));
    this.toHost = mapping.address() - base;
    this.pageTable = pages.address() - (base >>> PAGE_SHIFT);
    this.scratch = new ScratchArea(this, base + userBytes(), windowBytes - userBytes());
    this.heap = new DeviceHeap(scratch);
  }

  /** First address of the window. */
  public long base() {
    return base;
  }

  /** What turns a device address into a host address; for running blocks only. */
  public long toHost() {
    return toHost;
  }

  /** Length of the part of the window that callers may commit, from the base on. */
  public long userBytes() {
    return windowBytes / 4 * 3;
  }

  /** Bytes committed now, in whole pages. */
  public synchronized long committedBytes() {
    return committedBytes;
  }

  /**
   * Makes pages usable; they read as zero.
   *
   * @param address first byte, a multiple of the page length, in the user part
   * @param bytes length, rounded up to pages
   * @return false, with nothing changed, if that would pass the limit
   */
  public synchronized boolean commit(long address, long bytes) {
    long length = checkPages(address, bytes);
    if (length > limitBytes - committedBytes) {
      return false;
    }
    for (long page = address; page < address + length; page += PAGE_BYTES) {
      if (isValid(page)) {
        throw new IllegalArgumentException(
            "page 0x" + Long.toHexString(page) + " is committed already");
      }
    }
    mapping.use(address - base, length);
    setValid(address, length, true);
    committedBytes += length;
    return true;
  }

  /**
   * Makes pages unusable and gives their memory back to the host. Pages not committed are skipped.
   */
  public synchronized void release(long address, long bytes) {
    long length = checkPages(address, bytes);
    for (long page = address; page < address + length; page += PAGE_BYTES) {
      if (isValid(page)) {
        committedBytes -= PAGE_BYTES;
      }
    }
    setValid(address, length, false);
    mapping.discard(address - base, length);
  }

  private long checkPages(long address, long bytes) {
    checkOpen();
    if (bytes <= 0 || bytes > userBytes() || address % PAGE_BYTES != 0) {
      throw new IllegalArgumentException(
          "not whole pages: 0x" + Long.toHexString(address) + " + " + bytes);
    }
    long length = (bytes + PAGE_BYTES - 1) & -PAGE_BYTES;
    if (address < base || address - base > userBytes() - length) {
      throw new IllegalArgumentException(
          "outside the window's user part: 0x" + Long.toHexString(address) + " + " + bytes);
    }
    return length;
  }

  /** Marks pages of the scratch area; for {@link ScratchArea} only. */
  void setValid(long address, long bytes, boolean valid) {
    Raw.UNSAFE.setMemory(
        pageTable + (address >>> PAGE_SHIFT), bytes >>> PAGE_SHIFT, valid ? VALID : 0);
  }

  private boolean isValid(long address) {
    return Raw.UNSAFE.getByte(pageTable + (address >>> PAGE_SHIFT)) != 0;
  }

  /** Shared and local memory of running blocks. */
  public ScratchArea scratch() {
    return scratch;
  }

  /** Where {@code malloc} in kernels takes from. */
  public DeviceHeap heap() {
    return heap;
  }

  /** Checks a range that may span pages and gives its host address. */
  private long host(long address, long bytes) {
    checkOpen();
    if (bytes < 0) {
      throw new IllegalArgumentException("negative length: " + bytes);
    }
    if (address < base || address - base >= windowBytes) {
      throw new MemoryFault(MemoryFault.Kind.ILLEGAL_ADDRESS, address);
    }
    long end = address + Math.min(bytes, windowBytes - (address - base));
    for (long page = address & -PAGE_BYTES; page < end; page += PAGE_BYTES) {
      if (!isValid(page)) {
        throw new MemoryFault(MemoryFault.Kind.ILLEGAL_ADDRESS, Math.max(page, address));
      }
    }
    if (bytes > end - address) {
      throw new MemoryFault(MemoryFault.Kind.ILLEGAL_ADDRESS, end);
    }
    return address + toHost;
  }

  /** Whether all bytes of a range may be used. */
  public boolean isValid(long address, long bytes) {
    try {
      host(address, bytes);
      return true;
    } catch (MemoryFault e) {
      return false;
    }
  }

  /** Fills the remaining bytes of a buffer from device memory. */
  public void read(long address, ByteBuffer target) {
    Raw.toBuffer(host(address, target.remaining()), target);
  }

  /** Writes the remaining bytes of a buffer to device memory. */
  public void write(long address, ByteBuffer source) {
    Raw.fromBuffer(source, host(address, source.remaining()));
  }

  /** Copies inside this memory; the ranges may overlap. */
  public void copy(long target, long source, long bytes) {
    copy(target, this, source, bytes);
  }

  /** Copies from another memory, or from this one, to this one; the ranges may overlap. */
  public void copy(long target, DeviceMemory from, long source, long bytes) {
    long sourceHost = from.host(source, bytes);
    Raw.move(sourceHost, host(target, bytes), bytes);
  }

  /**
   * Writes a pattern again and again.
   *
   * @param address first byte, a multiple of the pattern's length
   * @param pattern the pattern in the low bits
   * @param patternBytes 1, 2 or 4
   * @param count how many times
   */
  public void fill(long address, int pattern, int patternBytes, long count) {
    if (patternBytes != 1 && patternBytes != 2 && patternBytes != 4) {
      throw new IllegalArgumentException("pattern must be of 1, 2 or 4 bytes: " + patternBytes);
    }
    if (count < 0 || count > windowBytes) {
      throw new MemoryFault(MemoryFault.Kind.ILLEGAL_ADDRESS, address);
    }
    if (address % patternBytes != 0) {
      throw new MemoryFault(MemoryFault.Kind.MISALIGNED_ADDRESS, address);
    }
    Fill.fill(host(address, count * patternBytes), pattern, patternBytes, count);
  }

  private void checkOpen() {
    if (closed) {
      throw new IllegalStateException("the address space is closed");
    }
  }

  /** Unmaps the window. No launch and no copy may be running, and none may follow. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      mapping.close();
      pages.close();
    }
  }
}
