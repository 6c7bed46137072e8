// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * The 8-bit formats {@code .e4m3} (no infinity, largest number 448) and {@code .e5m2} (largest
 * number 57344) (PTX ISA 9.7.9, "cvt" with {@code .e4m3x2}, {@code .e5m2x2}, and "Alternate
 * Floating Point Data Formats"). Conversions to them always clamp ({@code .satfinite}).
 */
public final class EightBitFloat {
  /** The NaN that conversions make, in both formats. */
  static final int NAN = 0x7f;

  private EightBitFloat() {}

  /** One {@code .e4m3} from {@code .f32}, {@code .rn.satfinite}. */
  public static int e4m3FromFloat(float value) {
    if (Float.isNaN(value)) {
      return NAN;
    }
    int sign = Float.floatToRawIntBits(value) >>> 24 & 0x80;
    float magnitude = Math.abs(value);
    if (magnitude >= 448f) {
      return sign | 0x7e;
    }
    if (magnitude < 0x1p-6f) {
      // Subnormal: the float's own rounding cuts at the last place of 2^-9.
      return sign | (Float.floatToRawIntBits(magnitude + 0x1p14f) - 0x4680_0000);
    }
    int bits = Float.floatToRawIntBits(magnitude);
    int rounded = bits + 0x7_ffff + (bits >>> 20 & 1) - (120 << 23);
    return sign | rounded >>> 20;
  }

  /** One {@code .e5m2} from {@code .f32}, {@code .rn.satfinite}. */
  public static int e5m2FromFloat(float value) {
    if (Float.isNaN(value)) {
      return NAN;
    }
    int sign = Float.floatToRawIntBits(value) >>> 24 & 0x80;
    float magnitude = Math.abs(value);
    if (magnitude >= 57344f) {
      return sign | 0x7b;
    }
    if (magnitude < 0x1p-14f) {
      return sign | (Float.floatToRawIntBits(magnitude + 0x1p7f) - 0x4300_0000);
    }
    int bits = Float.floatToRawIntBits(magnitude);
    int rounded = bits + 0xf_ffff + (bits >>> 21 & 1) - (112 << 23);
    return sign | rounded >>> 21;
  }

  /** The value of one {@code .e4m3}, exact also in {@code .f16}. */
  public static float e4m3ToFloat(int bits) {
    int rest = bits & 0x7f;
    float magnitude =
        rest == NAN ? Half.toFloat(Half.NAN) : Float.intBitsToFloat(rest << 20) * 0x1p120f;
    return (bits & 0x80) == 0 || rest == NAN ? magnitude : -magnitude;
  }

  /** The value of one {@code .e5m2}, exact also in {@code .f16}, of which it is the upper byte. */
  public static float e5m2ToFloat(int bits) {
    int half = (bits & 0xff) << 8;
    return Half.toFloat(Half.isNan(half) ? Half.NAN : half);
  }

  /** {@code cvt.rn.satfinite.e4m3x2.f32 d, a, b}: {@code a} in the upper byte. */
  public static int packE4m3X2(float upper, float lower) {
    return e4m3FromFloat(upper) << 8 | e4m3FromFloat(lower);
  }

  /** {@code cvt.rn.satfinite.e5m2x2.f32 d, a, b}: {@code a} in the upper byte. */
  public static int packE5m2X2(float upper, float lower) {
    return e5m2FromFloat(upper) << 8 | e5m2FromFloat(lower);
  }

  /** {@code cvt.rn.satfinite.relu.e4m3x2.f32}. */
  public static int packReluE4m3X2(float upper, float lower) {
    return packE4m3X2(FloatModifiers.relu(upper), FloatModifiers.relu(lower));
  }

  /** {@code cvt.rn.satfinite.relu.e5m2x2.f32}. */
  public static int packReluE5m2X2(float upper, float lower) {
    return packE5m2X2(FloatModifiers.relu(upper), FloatModifiers.relu(lower));
  }

  /** {@code cvt.rn.satfinite.e4m3x2.f16x2}. */
  public static int e4m3X2FromHalves(int halves) {
    return packE4m3X2(Half.toFloat(halves >>> 16), Half.toFloat(halves));
  }

  /** {@code cvt.rn.satfinite.e5m2x2.f16x2}. */
  public static int e5m2X2FromHalves(int halves) {
    return packE5m2X2(Half.toFloat(halves >>> 16), Half.toFloat(halves));
  }

  /** {@code cvt.rn.f16x2.e4m3x2}. */
  public static int halvesFromE4m3X2(int bytes) {
    return Half.packX2(e4m3ToFloat(bytes >>> 8), e4m3ToFloat(bytes));
  }

  /** {@code cvt.rn.f16x2.e5m2x2}. */
  public static int halvesFromE5m2X2(int bytes) {
    return Half.packX2(e5m2ToFloat(bytes >>> 8), e5m2ToFloat(bytes));
  }
}
