// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.image;

import java.util.List;

/**
 * How a texture is read.
 *
 * @param modes for x, y and z
 * @param linear whether texels around the place are mixed, instead of taking the nearest
 * @param normalized whether coordinates go from 0 to 1 over the image
 * @param fractions whether integers of 8 and 16 bits are read as fractions of the largest
 * @param srgb whether red, green and blue of 8 bits are in the sRGB encoding
 * @param mixLevels whether neighbouring levels are mixed, instead of taking the nearest
 * @param levelBias added to the level asked for
 * @param levelMin least level
 * @param levelMax greatest level
 * @param border the texel outside, where the mode is BORDER
 */
public record Sampling(
    List<AddressMode> modes,
    boolean linear,
    boolean normalized,
    boolean fractions,
    boolean srgb,
    boolean mixLevels,
    float levelBias,
    float levelMin,
    float levelMax,
    List<Float> border) {
  /** Copies the lists. */
  public Sampling {
    modes = List.copyOf(modes);
    border = List.copyOf(border);
    if (modes.size() != 3 || border.size() != 4) {
      throw new IllegalArgumentException("three modes and four border channels");
    }
  }

  /** The nearest texel at unnormalized coordinates, clamped, as it is. */
  public static Sampling nearest() {
    return new Sampling(
        List.of(AddressMode.CLAMP, AddressMode.CLAMP, AddressMode.CLAMP),
        false,
        false,
        false,
        false,
        false,
        0,
        0,
        0,
        List.of(0f, 0f, 0f, 0f));
  }
}
