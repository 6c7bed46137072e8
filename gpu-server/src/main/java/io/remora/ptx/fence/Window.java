// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.fence;

/**
 * The memory that kernels may touch.
 *
 * @param address its first byte, a multiple of its size
 * @param bytes its size, a power of two
 */
public record Window(long address, long bytes) {
  /** Checks the form. */
  public Window {
    if (Long.bitCount(bytes) != 1 || address % bytes != 0) {
      throw new IllegalArgumentException(
          "a window is a power of two in size and begins at a multiple of it: "
              + address
              + ", "
              + bytes);
    }
  }

  /** The address of the window that another address is taken for; itself if it is of it. */
  long masked(long other) {
    return address | other & bytes - 1;
  }
}
