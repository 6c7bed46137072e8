// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * The formats of 4 and 6 bits (PTX ISA "Alternate Floating Point Data Formats"): {@code .e2m1},
 * {@code .e2m3} and {@code .e3m2} have neither infinities nor NaN, so conversions clamp and take
 * NaN to the greatest number. Each has so few values that rounding looks for the nearest one.
 */
public final class TinyFloat {
  private static final float[] E2M1 = values(2, 1);
  private static final float[] E2M3 = values(2, 3);
  private static final float[] E3M2 = values(3, 2);

  private TinyFloat() {}

  /** All values that are not negative, by their bits. */
  private static float[] values(int exponentBits, int mantissaBits) {
    int bias = (1 << exponentBits - 1) - 1;
    float[] values = new float[1 << exponentBits + mantissaBits];
    for (int bits = 0; bits < values.length; bits++) {
      int exponent = bits >> mantissaBits;
      int mantissa = bits & (1 << mantissaBits) - 1;
      int significand = exponent == 0 ? mantissa : mantissa | 1 << mantissaBits;
      int scale = Math.max(exponent, 1) - bias - mantissaBits;
      values[bits] = Math.scalb((float) significand, scale);
    }
    return values;
  }

  private static int encode(float value, float[] values) {
    if (Float.isNaN(value)) {
      return values.length - 1;
    }
    int sign = Float.floatToRawIntBits(value) < 0 ? values.length : 0;
    float magnitude = Math.abs(value);
    int below = 0;
    while (below + 1 < values.length && values[below + 1] <= magnitude) {
      below++;
    }
    if (below + 1 == values.length) {
      return sign | below;
    }
    float middle = (values[below] + values[below + 1]) / 2;
    boolean up = magnitude > middle || magnitude == middle && (below & 1) != 0;
    return sign | (up ? below + 1 : below);
  }

  private static float decode(int bits, float[] values) {
    float magnitude = values[bits & values.length - 1];
    return (bits & values.length) != 0 ? -magnitude : magnitude;
  }

  /** {@code cvt.rn.satfinite.e2m1x2.f32 d, a, b}: {@code a} in the upper four bits. */
  public static int packE2m1X2(float upper, float lower) {
    return encode(upper, E2M1) << 4 | encode(lower, E2M1);
  }

  /** {@code cvt.rn.satfinite.e2m3x2.f32 d, a, b}: {@code a} in the upper byte. */
  public static int packE2m3X2(float upper, float lower) {
    return encode(upper, E2M3) << 8 | encode(lower, E2M3);
  }

  /** {@code cvt.rn.satfinite.e3m2x2.f32 d, a, b}: {@code a} in the upper byte. */
  public static int packE3m2X2(float upper, float lower) {
    return encode(upper, E3M2) << 8 | encode(lower, E3M2);
  }

  /** {@code cvt.rn.f16x2.e2m1x2}. */
  public static int halvesFromE2m1X2(int bits) {
    return Half.packX2(decode(bits >>> 4 & 15, E2M1), decode(bits & 15, E2M1));
  }

  /** {@code cvt.rn.f16x2.e2m3x2}. */
  public static int halvesFromE2m3X2(int bits) {
    return Half.packX2(decode(bits >>> 8 & 63, E2M3), decode(bits & 63, E2M3));
  }

  /** {@code cvt.rn.f16x2.e3m2x2}. */
  public static int halvesFromE3m2X2(int bits) {
    return Half.packX2(decode(bits >>> 8 & 63, E3M2), decode(bits & 63, E3M2));
  }
}
