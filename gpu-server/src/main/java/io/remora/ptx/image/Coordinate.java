// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.image;

/**
 * One dimension of a texture's place, as CUDA's programming guide defines it: where a coordinate
 * falls among the texels of a row. Pure functions.
 */
final class Coordinate {
  /** What {@link #index} answers for the border. */
  static final int OUTSIDE = -1;

  /** Weights have eight bits behind the point. */
  private static final float WEIGHT_STEPS = 256f;

  private Coordinate() {}

  /**
   * The coordinate in units of texels, from 0 to {@code size} unless the mode leaves it outside; it
   * is never so far out that adding to it overflows an int.
   */
  static float scaled(float coordinate, int size, AddressMode mode, boolean normalized) {
    float texels = coordinate;
    if (normalized) {
      texels =
          switch (mode) {
            case WRAP -> size * (coordinate - floor(coordinate));
            case MIRROR -> size * mirrored(coordinate);
            case CLAMP, BORDER -> size * coordinate;
          };
    }
    // Not a number becomes 0 here.
    return texels >= -2f ? Math.min(texels, size + 2f) : texels < -2f ? -2f : 0f;
  }

  private static float mirrored(float coordinate) {
    float whole = floor(coordinate);
    float fraction = coordinate - whole;
    return whole % 2 == 0 ? fraction : 1 - fraction;
  }

  private static float floor(float value) {
    return (float) Math.floor(value);
  }

  /** The texel before the place where two neighbours are mixed. */
  static int before(float texels) {
    return (int) Math.floor(texels - 0.5f);
  }

  /** How much the texel behind {@link #before} counts, in steps of 1/256. */
  static float weight(float texels) {
    float from = texels - 0.5f;
    float fraction = from - floor(from);
    return (float) Math.floor(fraction * WEIGHT_STEPS + 0.5f) / WEIGHT_STEPS;
  }

  /** The texel that an index means, or {@link #OUTSIDE}. */
  static int index(int index, int size, AddressMode mode, boolean normalized) {
    if (index >= 0 && index < size) {
      return index;
    }
    if (mode == AddressMode.BORDER) {
      return OUTSIDE;
    }
    // Only normalized coordinates wrap. Mirrored ones meet their own edge.
    return mode == AddressMode.WRAP && normalized
        ? Math.floorMod(index, size)
        : Math.max(0, Math.min(index, size - 1));
  }
}
