// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * {@code cvt} from floating point to integers (PTX ISA 9.7.9, "cvt"). First round with {@link
 * #roundRni}, {@link #roundRmi} and siblings ({@code .rzi} needs no step of its own here), then
 * convert with one of the {@code to...} functions, which truncate and clamp to the target's range.
 * The rounding functions are also {@code cvt.rni.f32.f32} and siblings.
 *
 * <p>NaN gives 0 where the source is {@code .f32} or narrower and the target at most 32 bits wide,
 * and else the target's highest bit alone, as the manual has it.
 */
public final class FloatToInteger {
  private FloatToInteger() {}

  /** {@code .rni}: to the nearest integer, ties to even. */
  public static float roundRni(float a) {
    return (float) Math.rint(a);
  }

  /** {@code .rzi}: towards zero. */
  public static float roundRzi(float a) {
    return (float) (a < 0 ? Math.ceil(a) : Math.floor(a));
  }

  /** {@code .rmi}: down. */
  public static float roundRmi(float a) {
    return (float) Math.floor(a);
  }

  /** {@code .rpi}: up. */
  public static float roundRpi(float a) {
    return (float) Math.ceil(a);
  }

  /** {@code .rni} of {@code .f64}. */
  public static double roundRni(double a) {
    return Math.rint(a);
  }

  /** {@code .rzi} of {@code .f64}. */
  public static double roundRzi(double a) {
    return a < 0 ? Math.ceil(a) : Math.floor(a);
  }

  /** {@code .rmi} of {@code .f64}. */
  public static double roundRmi(double a) {
    return Math.floor(a);
  }

  /** {@code .rpi} of {@code .f64}. */
  public static double roundRpi(double a) {
    return Math.ceil(a);
  }

  /** {@code cvt.rzi.s8.f32}. */
  public static int toS8(float a) {
    return Math.max(Byte.MIN_VALUE, Math.min(Byte.MAX_VALUE, (int) a));
  }

  /** {@code cvt.rzi.u8.f32}. */
  public static int toU8(float a) {
    return Math.max(0, Math.min(0xff, (int) a));
  }

  /** {@code cvt.rzi.s16.f32}. */
  public static int toS16(float a) {
    return Math.max(Short.MIN_VALUE, Math.min(Short.MAX_VALUE, (int) a));
  }

  /** {@code cvt.rzi.u16.f32}. */
  public static int toU16(float a) {
    return Math.max(0, Math.min(0xffff, (int) a));
  }

  /** {@code cvt.rzi.s32.f32}: the JVM's own conversion. */
  public static int toS32(float a) {
    return (int) a;
  }

  /** {@code cvt.rzi.u32.f32}. */
  public static int toU32(float a) {
    return (int) Math.max(0, Math.min(0xffff_ffffL, (long) a));
  }

  /** {@code cvt.rzi.s64.f32}. */
  public static long toS64(float a) {
    return !Float.isNaN(a) ? (long) a : Long.MIN_VALUE;
  }

  /** {@code cvt.rzi.u64.f32}. */
  public static long toU64(float a) {
    return toU64((double) a);
  }

  /** {@code cvt.rzi.s8.f64}. */
  public static int toS8(double a) {
    return !Double.isNaN(a)
        ? Math.max(Byte.MIN_VALUE, Math.min(Byte.MAX_VALUE, (int) a))
        : Byte.MIN_VALUE;
  }

  /** {@code cvt.rzi.u8.f64}. */
  public static int toU8(double a) {
    return !Double.isNaN(a) ? Math.max(0, Math.min(0xff, (int) a)) : 0x80;
  }

  /** {@code cvt.rzi.s16.f64}. */
  public static int toS16(double a) {
    return !Double.isNaN(a)
        ? Math.max(Short.MIN_VALUE, Math.min(Short.MAX_VALUE, (int) a))
        : Short.MIN_VALUE;
  }

  /** {@code cvt.rzi.u16.f64}. */
  public static int toU16(double a) {
    return !Double.isNaN(a) ? Math.max(0, Math.min(0xffff, (int) a)) : 0x8000;
  }

  /** {@code cvt.rzi.s32.f64}. */
  public static int toS32(double a) {
    return !Double.isNaN(a) ? (int) a : Integer.MIN_VALUE;
  }

  /** {@code cvt.rzi.u32.f64}. */
  public static int toU32(double a) {
    return !Double.isNaN(a)
        ? (int) Math.max(0, Math.min(0xffff_ffffL, (long) a))
        : Integer.MIN_VALUE;
  }

  /** {@code cvt.rzi.s64.f64}. */
  public static long toS64(double a) {
    return !Double.isNaN(a) ? (long) a : Long.MIN_VALUE;
  }

  /** {@code cvt.rzi.u64.f64}. */
  public static long toU64(double a) {
    if (a < 0x1p63) {
      return Math.max(0, (long) a);
    }
    // The upper half: below 2^64 the difference is exact, above it the conversion clamps.
    return Double.isNaN(a)
        ? Long.MIN_VALUE
        : a >= 0x1p64 ? -1L : (long) (a - 0x1p63) + Long.MIN_VALUE;
  }
}
