// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.image;

/**
 * Rows of texels in device memory: one level of an array, or linear memory that is read as one.
 *
 * @param address of the first texel
 * @param width texels in a row
 * @param height rows in a slice
 * @param depth slices, or layers, or faces of cubes
 * @param pitch bytes from one row to the next
 * @param slicePitch bytes from one slice to the next
 */
public record Image(long address, int width, int height, int depth, long pitch, long slicePitch) {
  /** Checks that there is a texel. */
  public Image {
    if (width < 1 || height < 1 || depth < 1) {
      throw new IllegalArgumentException("an image has at least one texel");
    }
  }

  long at(int x, int y, int z, int texelBytes) {
    return address + z * slicePitch + y * pitch + (long) x * texelBytes;
  }
}
