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

  /** Gives the memory of a page-aligned part back to the host; it reads as zero afterwards. */
  void discard(long offset, long length) {
    madvise(new Pointer(address + offset), length, MADV_DONTNEED);
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
