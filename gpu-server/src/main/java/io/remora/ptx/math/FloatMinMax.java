// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * {@code min} and {@code max} of {@code .f32} and {@code .f64} (PTX ISA 9.7.3, "min", "max").
 * Unlike the JVM's, one NaN loses against a number; {@code .NaN} makes it win. -0 is less than +0.
 */
public final class FloatMinMax {
  private FloatMinMax() {}

  /** {@code min.f32}. */
  public static float min(float a, float b) {
    if (Float.isNaN(a)) {
      return !Float.isNaN(b) ? b : canonicalNan();
    }
    return !Float.isNaN(b) ? Math.min(a, b) : a;
  }

  /** {@code max.f32}. */
  public static float max(float a, float b) {
    if (Float.isNaN(a)) {
      return !Float.isNaN(b) ? b : canonicalNan();
    }
    return !Float.isNaN(b) ? Math.max(a, b) : a;
  }

  /** {@code min.NaN.f32}. */
  public static float minNan(float a, float b) {
    return !Float.isNaN(a) && !Float.isNaN(b) ? Math.min(a, b) : canonicalNan();
  }

  /** {@code max.NaN.f32}. */
  public static float maxNan(float a, float b) {
    return !Float.isNaN(a) && !Float.isNaN(b) ? Math.max(a, b) : canonicalNan();
  }

  /** {@code min.xorsign.abs.f32}: the lesser magnitude with the product of the signs. */
  public static float minXorSign(float a, float b) {
    return withProductSign(min(Math.abs(a), Math.abs(b)), a, b);
  }

  /** {@code max.xorsign.abs.f32}. */
  public static float maxXorSign(float a, float b) {
    return withProductSign(max(Math.abs(a), Math.abs(b)), a, b);
  }

  /** {@code min.NaN.xorsign.abs.f32}. */
  public static float minNanXorSign(float a, float b) {
    return withProductSign(minNan(Math.abs(a), Math.abs(b)), a, b);
  }

  /** {@code max.NaN.xorsign.abs.f32}. */
  public static float maxNanXorSign(float a, float b) {
    return withProductSign(maxNan(Math.abs(a), Math.abs(b)), a, b);
  }

  /** {@code min.f64}. */
  public static double min(double a, double b) {
    if (Double.isNaN(a)) {
      return b;
    }
    return !Double.isNaN(b) ? Math.min(a, b) : a;
  }

  /** {@code max.f64}. */
  public static double max(double a, double b) {
    if (Double.isNaN(a)) {
      return b;
    }
    return !Double.isNaN(b) ? Math.max(a, b) : a;
  }

  private static float withProductSign(float magnitude, float a, float b) {
    if (Float.isNaN(magnitude)) {
      return magnitude;
    }
    int sign = (Float.floatToRawIntBits(a) ^ Float.floatToRawIntBits(b)) & 0x8000_0000;
    return Float.intBitsToFloat(Float.floatToRawIntBits(magnitude) | sign);
  }

  private static float canonicalNan() {
    return Float.intBitsToFloat(FloatModifiers.NAN_F32);
  }
}
