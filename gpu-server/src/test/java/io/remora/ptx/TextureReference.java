// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import io.remora.ptx.image.AddressMode;

/**
 * Texture fetching of single floats as CUDA's programming guide writes it down, one formula after
 * the other, in doubles. Slow, and meant to be seen to be right.
 */
final class TextureReference {
  private final int[] size;
  private final float[] texels;
  private final AddressMode mode;
  private final boolean normalized;

  /**
   * @param size width, height and depth
   * @param texels x runs fastest
   */
  TextureReference(int[] size, float[] texels, AddressMode mode, boolean normalized) {
    this.size = size;
    this.texels = texels;
    this.mode = mode;
    this.normalized = normalized;
  }

  double nearest(float... at) {
    int[] index = new int[3];
    for (int i = 0; i < at.length; i++) {
      index[i] = (int) Math.floor(texelUnits(at[i], i));
    }
    return texel(index);
  }

  double linear(float... at) {
    double sum = 0;
    for (int corner = 0; corner < 1 << at.length; corner++) {
      double weight = 1;
      int[] index = new int[3];
      for (int i = 0; i < at.length; i++) {
        double from = texelUnits(at[i], i) - 0.5;
        double fraction = Math.floor((from - Math.floor(from)) * 256 + 0.5) / 256;
        boolean second = (corner >> i & 1) == 1;
        index[i] = (int) Math.floor(from) + (second ? 1 : 0);
        weight *= second ? fraction : 1 - fraction;
      }
      sum += weight * texel(index);
    }
    return sum;
  }

  private double texelUnits(float coordinate, int dimension) {
    double value = coordinate;
    if (!normalized) {
      return value;
    }
    if (mode == AddressMode.WRAP) {
      value = value - Math.floor(value);
    } else if (mode == AddressMode.MIRROR) {
      double whole = Math.floor(value);
      value = whole % 2 == 0 ? value - whole : 1 - (value - whole);
    }
    return value * size[dimension];
  }

  private double texel(int[] index) {
    int[] in = new int[3];
    for (int i = 0; i < 3; i++) {
      boolean outside = index[i] < 0 || index[i] >= size[i];
      if (outside && mode == AddressMode.BORDER) {
        return 0;
      }
      in[i] =
          outside && mode == AddressMode.WRAP && normalized
              ? Math.floorMod(index[i], size[i])
              : Math.max(0, Math.min(index[i], size[i] - 1));
    }
    return texels[(in[2] * size[1] + in[1]) * size[0] + in[0]];
  }
}
