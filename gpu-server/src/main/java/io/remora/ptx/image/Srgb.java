// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.image;

/** The sRGB encoding of 8 bits as linear intensities (IEC 61966-2-1). */
final class Srgb {
  private static final float[] LINEAR = table();

  private Srgb() {}

  private static float[] table() {
    float[] table = new float[256];
    for (int i = 0; i < table.length; i++) {
      double encoded = i / 255.0;
      table[i] =
          (float) (encoded <= 0.04045 ? encoded / 12.92 : Math.pow((encoded + 0.055) / 1.055, 2.4));
    }
    return table;
  }

  static float linear(int encoded) {
    return LINEAR[encoded & 0xff];
  }
}
