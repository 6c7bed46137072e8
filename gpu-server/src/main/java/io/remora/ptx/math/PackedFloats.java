// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/** Arithmetic of {@code .f32x2}: two floats in 64 bits (PTX ISA 9.7.3). */
public final class PackedFloats {
  private PackedFloats() {}

  private static float low(long pair) {
    return Float.intBitsToFloat((int) pair);
  }

  private static float high(long pair) {
    return Float.intBitsToFloat((int) (pair >>> 32));
  }

  private static long pack(float low, float high) {
    return (long) Float.floatToRawIntBits(high) << 32 | Float.floatToRawIntBits(low) & 0xffff_ffffL;
  }

  /** {@code add.rn.f32x2}. */
  public static long add(long a, long b) {
    return pack(low(a) + low(b), high(a) + high(b));
  }

  /** {@code sub.rn.f32x2}. */
  public static long sub(long a, long b) {
    return pack(low(a) - low(b), high(a) - high(b));
  }

  /** {@code mul.rn.f32x2}. */
  public static long mul(long a, long b) {
    return pack(low(a) * low(b), high(a) * high(b));
  }

  /** {@code fma.rn.f32x2}. */
  public static long fma(long a, long b, long c) {
    return pack(Math.fma(low(a), low(b), low(c)), Math.fma(high(a), high(b), high(c)));
  }

  /** {@code .ftz} on both. */
  public static long flush(long a) {
    return pack(FloatModifiers.flush(low(a)), FloatModifiers.flush(high(a)));
  }
}
