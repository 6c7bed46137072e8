// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * {@code .f16} (IEEE 754 binary16) as raw bits: conversion from and to {@code .f32}, {@code .f64}
 * and integers, comparison by {@link #toFloat}, sign operations (PTX ISA 9.7.4 and 9.7.9).
 */
public final class Half {
  /** The NaN that PTX makes. */
  static final int NAN = 0x7fff;

  private static final int INFINITY = 0x7c00;
  private static final int MAX = 0x7bff;

  private Half() {}

  /** {@code cvt.f32.f16}, exact; a NaN keeps its payload. */
  public static float toFloat(int bits) {
    int sign = (bits & 0x8000) << 16;
    int rest = bits & 0x7fff;
    if (rest >= INFINITY) {
      return Float.intBitsToFloat(sign | 0x7f80_0000 | (rest & 0x3ff) << 13);
    }
    // Scaled as if it were a float with a tiny exponent; this makes subnormals right as well.
    float magnitude = Float.intBitsToFloat(rest << 13) * 0x1p112f;
    return Float.intBitsToFloat(Float.floatToRawIntBits(magnitude) | sign);
  }

  /** {@code cvt.rn.f16.f32}. */
  public static int fromFloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    int sign = bits >>> 16 & 0x8000;
    int magnitude = bits & 0x7fff_ffff;
    if (magnitude >= 0x4780_0000) {
      // 65536 and above; what rounds up to it from below carries into the exponent by itself.
      return magnitude > 0x7f80_0000 ? NAN : sign | INFINITY;
    }
    if (magnitude >= 0x3880_0000) {
      int rounded = magnitude + 0xfff + (magnitude >>> 13 & 1) - (112 << 23);
      return sign | rounded >>> 13;
    }
    // Subnormal: adding a half makes the float's own rounding cut at the last place of 2^-24.
    float shifted = Float.intBitsToFloat(magnitude) + 0.5f;
    return sign | (Float.floatToRawIntBits(shifted) - 0x3f00_0000);
  }

  /** {@code cvt.rz.f16.f32}. */
  public static int fromFloatRz(float value) {
    int nearest = fromFloat(value);
    return Math.abs(toFloat(nearest)) > Math.abs(value) ? nearest - 1 : nearest;
  }

  /** {@code cvt.rm.f16.f32}. */
  public static int fromFloatRm(float value) {
    int nearest = fromFloat(value);
    return toFloat(nearest) > value ? nextDown(nearest) : nearest;
  }

  /** {@code cvt.rp.f16.f32}. */
  public static int fromFloatRp(float value) {
    int nearest = fromFloat(value);
    return toFloat(nearest) < value ? nextDown(nearest ^ 0x8000) ^ 0x8000 : nearest;
  }

  /** {@code cvt.rn.f16.f64}; the other modes round a {@link #oddFloat} by theirs. */
  public static int fromDouble(double value) {
    return fromFloat(Narrowing.toFloatOdd(value));
  }

  /** A float that rounds to {@code .f16} or {@code .bf16}, in every mode, as the double would. */
  public static float oddFloat(double value) {
    return Narrowing.toFloatOdd(value);
  }

  /** A float that rounds to {@code .f16} or {@code .bf16}, in every mode, as the integer would. */
  public static float oddFloat(long signed) {
    float truncated = IntegerConversion.s64ToF32Rz(signed);
    return (long) truncated == signed ? truncated : setLastBit(truncated);
  }

  /** As {@link #oddFloat(long)}, for {@code .u64}. */
  public static float oddFloatU64(long unsigned) {
    float truncated = IntegerConversion.u64ToF32Rz(unsigned);
    return FloatToInteger.toU64(truncated) == unsigned ? truncated : setLastBit(truncated);
  }

  /** {@code cvt.rn.satfinite.f16.f32}: the largest number instead of infinity. */
  public static int fromFloatSatFinite(float value) {
    int bits = fromFloat(value);
    return (bits & 0x7fff) == INFINITY ? (bits & 0x8000) | MAX : bits;
  }

  /** {@code cvt.rn.f16x2.f32 d, a, b}: {@code a} in the upper half, {@code b} in the lower. */
  public static int packX2(float upper, float lower) {
    return fromFloat(upper) << 16 | fromFloat(lower);
  }

  /** {@code .ftz}: a subnormal becomes zero of its sign. */
  public static int flush(int a) {
    return (a & INFINITY) == 0 ? a & 0x8000 : a & 0xffff;
  }

  /** {@code .sat}: into [0, 1]; NaN becomes +0. */
  public static int saturate(int a) {
    int bits = a & 0xffff;
    // Negative values and NaNs; the patterns between 0 and 1.0 (0x3c00) are in order.
    return bits > INFINITY ? 0 : Math.min(bits, 0x3c00);
  }

  /** {@code .relu}: not below +0; NaN becomes the canonical NaN. */
  public static int relu(int a) {
    if (isNan(a)) {
      return NAN;
    }
    return (a & 0x8000) == 0 ? a & 0xffff : 0;
  }

  /** {@code neg.f16}. */
  public static int neg(int a) {
    return isNan(a) ? NAN : (a ^ 0x8000) & 0xffff;
  }

  /** {@code abs.f16}. */
  public static int abs(int a) {
    return isNan(a) ? NAN : a & 0x7fff;
  }

  /** Whether it is a NaN. */
  public static boolean isNan(int a) {
    return (a & 0x7fff) > INFINITY;
  }

  private static float setLastBit(float truncated) {
    return Float.intBitsToFloat(Float.floatToRawIntBits(truncated) | 1);
  }

  private static int nextDown(int bits) {
    if ((bits & 0x7fff) == 0) {
      return 0x8001;
    }
    return (bits & 0x8000) == 0 ? bits - 1 : bits + 1;
  }
}
