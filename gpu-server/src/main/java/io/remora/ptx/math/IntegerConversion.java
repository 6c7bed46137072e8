// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * {@code cvt.sat} between integers, and {@code cvt} from integers to floating point (PTX ISA 9.7.9,
 * "cvt"). To nearest, from signed integers, {@code cvt} is the JVM's {@code i2f}, {@code i2d},
 * {@code l2f} and {@code l2d}. Sources narrower than 64 bits are extended by the caller: {@code
 * .u32} with zeros, which makes it a positive {@code long}.
 */
public final class IntegerConversion {
  private IntegerConversion() {}

  /** {@code cvt.sat.sN.sM}: into {@code bits} signed bits, 8 to 64. */
  public static long saturateSignedToSigned(long value, int bits) {
    long max = Long.MAX_VALUE >>> (64 - bits);
    return Math.max(~max, Math.min(max, value));
  }

  /** {@code cvt.sat.uN.sM}: into {@code bits} unsigned bits, 8 to 64. */
  public static long saturateSignedToUnsigned(long value, int bits) {
    return saturateUnsignedToUnsigned(Math.max(0, value), bits);
  }

  /** {@code cvt.sat.sN.uM}: into {@code bits} signed bits, 8 to 64. */
  public static long saturateUnsignedToSigned(long value, int bits) {
    return IntegerMath.minU64(value, Long.MAX_VALUE >>> (64 - bits));
  }

  /** {@code cvt.sat.uN.uM}: into {@code bits} unsigned bits, 8 to 64. */
  public static long saturateUnsignedToUnsigned(long value, int bits) {
    return IntegerMath.minU64(value, -1L >>> (64 - bits));
  }

  /** {@code cvt.rz.f32.s64}, and of narrower integers. */
  public static float s64ToF32Rz(long value) {
    return value < 0 ? -magnitudeToF32(-value, 0) : magnitudeToF32(value, 0);
  }

  /** {@code cvt.rm.f32.s64}, and of narrower integers. */
  public static float s64ToF32Rm(long value) {
    return value < 0 ? -magnitudeToF32(-value, 1) : magnitudeToF32(value, 0);
  }

  /** {@code cvt.rp.f32.s64}, and of narrower integers. */
  public static float s64ToF32Rp(long value) {
    return value < 0 ? -magnitudeToF32(-value, 0) : magnitudeToF32(value, 1);
  }

  /** {@code cvt.rn.f32.u64}. */
  public static float u64ToF32Rn(long value) {
    // Halving with the lost bit kept below the rounding position.
    return value >= 0 ? (float) value : (float) (value >>> 1 | (value & 1)) * 2;
  }

  /** {@code cvt.rz.f32.u64} and {@code cvt.rm.f32.u64}. */
  public static float u64ToF32Rz(long value) {
    return magnitudeToF32(value, 0);
  }

  /** {@code cvt.rp.f32.u64}. */
  public static float u64ToF32Rp(long value) {
    return magnitudeToF32(value, 1);
  }

  /** {@code cvt.rz.f64.s64}. */
  public static double s64ToF64Rz(long value) {
    return value < 0 ? -magnitudeToF64(-value, 0) : magnitudeToF64(value, 0);
  }

  /** {@code cvt.rm.f64.s64}. */
  public static double s64ToF64Rm(long value) {
    return value < 0 ? -magnitudeToF64(-value, 1) : magnitudeToF64(value, 0);
  }

  /** {@code cvt.rp.f64.s64}. */
  public static double s64ToF64Rp(long value) {
    return value < 0 ? -magnitudeToF64(-value, 0) : magnitudeToF64(value, 1);
  }

  /** {@code cvt.rn.f64.u64}. */
  public static double u64ToF64Rn(long value) {
    return value >= 0 ? (double) value : (double) (value >>> 1 | (value & 1)) * 2;
  }

  /** {@code cvt.rz.f64.u64} and {@code cvt.rm.f64.u64}. */
  public static double u64ToF64Rz(long value) {
    return magnitudeToF64(value, 0);
  }

  /** {@code cvt.rp.f64.u64}. */
  public static double u64ToF64Rp(long value) {
    return magnitudeToF64(value, 1);
  }

  /** Truncated to 24 bits, plus one in the last place if {@code away} is 1 and bits were lost. */
  private static float magnitudeToF32(long magnitude, int away) {
    int lost = Math.max(0, 40 - Long.numberOfLeadingZeros(magnitude));
    long kept = magnitude >>> lost;
    long rounded = kept << lost == magnitude ? kept : kept + away;
    return rounded * (float) (1L << lost);
  }

  private static double magnitudeToF64(long magnitude, int away) {
    int lost = Math.max(0, 11 - Long.numberOfLeadingZeros(magnitude));
    long kept = magnitude >>> lost;
    long rounded = kept << lost == magnitude ? kept : kept + away;
    return rounded * (double) (1L << lost);
  }
}
