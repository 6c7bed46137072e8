// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.fence;

/**
 * The memory that kernels may touch.
 *
 * @param address its first byte
 * @param bytes its size, a power of two
 */
public record Window(long address, long bytes) {
  /** Checks the form. */
  public Window {
    if (Long.bitCount(bytes) != 1) {
      throw new IllegalArgumentException("a window's size is a power of two: " + bytes);
    }
  }

  /** Whether the bits of an offset in it are none of its address's, which makes addresses cheap. */
  boolean isAligned() {
    return address % bytes == 0;
  }

  /** The address of the window that another address is taken for; itself if it is of it. */
  long masked(long other) {
    return address + (other - address & bytes - 1);
  }
}
