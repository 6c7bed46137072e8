// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.memory;

import com.sun.jna.LastErrorException;
import com.sun.jna.Native;
import com.sun.jna.Platform;
import com.sun.jna.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * A range of host address space that costs nothing until it is touched and reads as zero. Owned by
 * one {@link DeviceMemory}; after {@link #close} no access may follow.
 */
final class HostMapping implements AutoCloseable {
  private static final int PROT_READ_WRITE = 3;
  private static final int MAP_PRIVATE_ANONYMOUS_NORESERVE = 0x02 | 0x20 | 0x4000;
  private static final int MADV_DONTNEED = 4;
  private static final int MADV_HUGEPAGE = 14;
  private static final int MADV_NOHUGEPAGE = 15;
  private static final long HUGE_PAGE_BYTES = 2L << 20;

  static {
    Native.register(HostMapping.class, Platform.C_LIBRARY_NAME);
  }

  private final long address;
  private final long bytes;

  private HostMapping(long address, long bytes) {
    this.address = address;
    this.bytes = bytes;
  }

  /** Reserves a range, page-aligned. */
  static HostMapping reserve(long bytes) {
    if (!Platform.isLinux()) {
      throw new UnsupportedOperationException("device memory needs Linux (mmap with NORESERVE)");
    }
    try {
      Pointer start = mmap(null, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS_NORESERVE, -1, 0);
      return new HostMapping(Pointer.nativeValue(start), bytes);
    } catch (LastErrorException e) {
      throw new IllegalStateException(
          "cannot reserve "
              + bytes
              + " bytes of address space (errno "
              + e.getErrorCode()
              + "); look at ulimit -v and at vm.overcommit_memory, or choose a smaller window",
          e);
    }
  }

  long address() {
    return address;
  }

  /**
   * Says that a page-aligned part will be used. The host may take its memory in big steps where
   * they lie in the part as a whole: that saves most page faults and misses of address translation.
   */
  void use(long offset, long length) {
    adviseHuge(offset, length, MADV_HUGEPAGE);
  }

  /** Gives the memory of a page-aligned part back to the host; it reads as zero afterwards. */
  void discard(long offset, long length) {
    madvise(new Pointer(address + offset), length, MADV_DONTNEED);
    // Else a small part that is used later would take a whole big step.
    adviseHuge(offset, length, MADV_NOHUGEPAGE);
  }

  private void adviseHuge(long offset, long length, int advice) {
    long from = (address + offset + HUGE_PAGE_BYTES - 1) & -HUGE_PAGE_BYTES;
    long to = (address + offset + length) & -HUGE_PAGE_BYTES;
    if (from < to) {
      try {
        madvise(new Pointer(from), to - from, advice);
      } catch (LastErrorException noHugePages) {
        // It was advice.
      }
    }
  }

  @Override
  public void close() {
    munmap(new Pointer(address), bytes);
  }

  private static native Pointer mmap(
      @Nullable Pointer address, long bytes, int protection, int flags, int file, long offset)
      throws LastErrorException;

  private static native int munmap(Pointer address, long bytes) throws LastErrorException;

  private static native int madvise(Pointer address, long bytes, int advice)
      throws LastErrorException;
}
