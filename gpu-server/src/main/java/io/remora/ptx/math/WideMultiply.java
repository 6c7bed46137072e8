// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * Products of which another part than the low half is wanted: {@code mul.hi}, {@code mad.hi},
 * {@code mul.wide}, {@code mul24}, {@code mad24} (PTX ISA 9.7.1, "mul", "mad", "mul24", "mad24").
 * {@code mul.lo} and {@code mad.lo} of 32 and 64 bits are the JVM's own instructions.
 */
public final class WideMultiply {
  private WideMultiply() {}

  /** {@code mul.lo.s16}. */
  public static int mulLoS16(int a, int b) {
    return (short) (a * b);
  }

  /** {@code mul.lo.u16}. */
  public static int mulLoU16(int a, int b) {
    return (a * b) & 0xffff;
  }

  /** {@code mul.hi.s16}. */
  public static int mulHiS16(int a, int b) {
    return ((short) a * (short) b) >> 16;
  }

  /** {@code mul.hi.u16}. */
  public static int mulHiU16(int a, int b) {
    return ((a & 0xffff) * (b & 0xffff)) >>> 16;
  }

  /** {@code mul.hi.s32}. */
  public static int mulHiS32(int a, int b) {
    return (int) (((long) a * b) >> 32);
  }

  /** {@code mul.hi.u32}. */
  public static int mulHiU32(int a, int b) {
    return (int) (mulWideU32(a, b) >>> 32);
  }

  /** {@code mul.hi.s64}. */
  public static long mulHiS64(long a, long b) {
    return Math.multiplyHigh(a, b);
  }

  /** {@code mul.hi.u64}. */
  public static long mulHiU64(long a, long b) {
    return Math.multiplyHigh(a, b) + ((a >> 63) & b) + ((b >> 63) & a);
  }

  /** {@code mul.wide.s16}: the whole product, 32 bits. */
  public static int mulWideS16(int a, int b) {
    return (short) a * (short) b;
  }

  /** {@code mul.wide.u16}: the whole product, 32 bits. */
  public static int mulWideU16(int a, int b) {
    return (a & 0xffff) * (b & 0xffff);
  }

  /** {@code mul.wide.s32}: the whole product, 64 bits. */
  public static long mulWideS32(int a, int b) {
    return (long) a * b;
  }

  /** {@code mul.wide.u32}: the whole product, 64 bits. */
  public static long mulWideU32(int a, int b) {
    return (a & 0xffff_ffffL) * (b & 0xffff_ffffL);
  }

  /** {@code mad.hi.s16}. */
  public static int madHiS16(int a, int b, int c) {
    return (short) (mulHiS16(a, b) + c);
  }

  /** {@code mad.hi.u16}. */
  public static int madHiU16(int a, int b, int c) {
    return (mulHiU16(a, b) + c) & 0xffff;
  }

  /** {@code mad.lo.s16}. */
  public static int madLoS16(int a, int b, int c) {
    return (short) (a * b + c);
  }

  /** {@code mad.lo.u16}. */
  public static int madLoU16(int a, int b, int c) {
    return (a * b + c) & 0xffff;
  }

  /** {@code mad.hi.s32}. */
  public static int madHiS32(int a, int b, int c) {
    return mulHiS32(a, b) + c;
  }

  /** {@code mad.hi.sat.s32}. */
  public static int madHiSatS32(int a, int b, int c) {
    return IntegerMath.addSatS32(mulHiS32(a, b), c);
  }

  /** {@code mad.hi.u32}. */
  public static int madHiU32(int a, int b, int c) {
    return mulHiU32(a, b) + c;
  }

  /** {@code mad.hi.s64}. */
  public static long madHiS64(long a, long b, long c) {
    return mulHiS64(a, b) + c;
  }

  /** {@code mad.hi.u64}. */
  public static long madHiU64(long a, long b, long c) {
    return mulHiU64(a, b) + c;
  }

  /** {@code mul24.lo.s32}: bits 0 to 31 of the 48-bit product of the low 24 bits. */
  public static int mul24LoS32(int a, int b) {
    return (int) product24S(a, b);
  }

  /** {@code mul24.lo.u32}. */
  public static int mul24LoU32(int a, int b) {
    return (int) product24U(a, b);
  }

  /** {@code mul24.hi.s32}: bits 16 to 47 of the 48-bit product of the low 24 bits. */
  public static int mul24HiS32(int a, int b) {
    return (int) (product24S(a, b) >> 16);
  }

  /** {@code mul24.hi.u32}. */
  public static int mul24HiU32(int a, int b) {
    return (int) (product24U(a, b) >>> 16);
  }

  /** {@code mad24.hi.sat.s32}. */
  public static int mad24HiSatS32(int a, int b, int c) {
    return IntegerMath.addSatS32(mul24HiS32(a, b), c);
  }

  private static long product24S(int a, int b) {
    return (long) (a << 8 >> 8) * (b << 8 >> 8);
  }

  private static long product24U(int a, int b) {
    return (long) (a & 0xff_ffff) * (b & 0xff_ffff);
  }
}
