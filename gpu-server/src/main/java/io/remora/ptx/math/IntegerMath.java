// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * Integer minimum, maximum, absolute value, sum of absolute differences, saturating sums and
 * division (PTX ISA 9.7.1, "Integer Arithmetic Instructions").
 */
public final class IntegerMath {
  private IntegerMath() {}

  /** {@code add.sat.s32}. */
  public static int addSatS32(int a, int b) {
    return saturateS32((long) a + b);
  }

  /** {@code sub.sat.s32}. */
  public static int subSatS32(int a, int b) {
    return saturateS32((long) a - b);
  }

  /** The nearest {@code .s32} value. */
  public static int saturateS32(long value) {
    return (int) Math.max(Integer.MIN_VALUE, Math.min(Integer.MAX_VALUE, value));
  }

  /** {@code min.u16}. */
  public static int minU16(int a, int b) {
    return Math.min(a & 0xffff, b & 0xffff);
  }

  /** {@code max.u16}. */
  public static int maxU16(int a, int b) {
    return Math.max(a & 0xffff, b & 0xffff);
  }

  /** {@code min.s16}. */
  public static int minS16(int a, int b) {
    return Math.min((short) a, (short) b);
  }

  /** {@code max.s16}. */
  public static int maxS16(int a, int b) {
    return Math.max((short) a, (short) b);
  }

  /** {@code min.u32}. */
  public static int minU32(int a, int b) {
    return a + Integer.MIN_VALUE < b + Integer.MIN_VALUE ? a : b;
  }

  /** {@code max.u32}. */
  public static int maxU32(int a, int b) {
    return a + Integer.MIN_VALUE > b + Integer.MIN_VALUE ? a : b;
  }

  /** {@code min.u64}. */
  public static long minU64(long a, long b) {
    return a + Long.MIN_VALUE < b + Long.MIN_VALUE ? a : b;
  }

  /** {@code max.u64}. */
  public static long maxU64(long a, long b) {
    return a + Long.MIN_VALUE > b + Long.MIN_VALUE ? a : b;
  }

  /** {@code min.relu.s32}: never below zero. */
  public static int minReluS32(int a, int b) {
    return Math.max(0, Math.min(a, b));
  }

  /** {@code max.relu.s32}: never below zero. */
  public static int maxReluS32(int a, int b) {
    return Math.max(0, Math.max(a, b));
  }

  /** {@code abs.s16}; the smallest value stays itself. */
  public static int absS16(int a) {
    return (short) Math.abs((short) a);
  }

  /** {@code neg.s16}; the smallest value stays itself. */
  public static int negS16(int a) {
    return (short) -a;
  }

  /** {@code sad.u16}: {@code c + |a - b|}. */
  public static int sadU16(int a, int b, int c) {
    return (c + Math.abs((a & 0xffff) - (b & 0xffff))) & 0xffff;
  }

  /** {@code sad.s16}. */
  public static int sadS16(int a, int b, int c) {
    return (short) (c + Math.abs((short) a - (short) b));
  }

  /** {@code sad.u32}. */
  public static int sadU32(int a, int b, int c) {
    return c + maxU32(a, b) - minU32(a, b);
  }

  /** {@code sad.s32}. */
  public static int sadS32(int a, int b, int c) {
    return c + Math.max(a, b) - Math.min(a, b);
  }

  /** {@code sad.u64}. */
  public static long sadU64(long a, long b, long c) {
    return c + maxU64(a, b) - minU64(a, b);
  }

  /** {@code sad.s64}. */
  public static long sadS64(long a, long b, long c) {
    return c + Math.max(a, b) - Math.min(a, b);
  }

  // Division by zero gives an unspecified value in PTX and must not trap. As on NVIDIA's devices,
  // the quotient has all bits set and the remainder is the dividend.

  /** {@code div.s16}. */
  public static int divS16(int a, int b) {
    return (short) divS32((short) a, (short) b);
  }

  /** {@code div.u16}. */
  public static int divU16(int a, int b) {
    return divS32(a & 0xffff, b & 0xffff) & 0xffff;
  }

  /** {@code div.s32}; the smallest value divided by -1 is itself. */
  public static int divS32(int a, int b) {
    return b == 0 ? -1 : a / b;
  }

  /** {@code div.u32}. */
  public static int divU32(int a, int b) {
    return b == 0 ? -1 : Integer.divideUnsigned(a, b);
  }

  /** {@code div.s64}; the smallest value divided by -1 is itself. */
  public static long divS64(long a, long b) {
    return b == 0 ? -1 : a / b;
  }

  /** {@code div.u64}. */
  public static long divU64(long a, long b) {
    return b == 0 ? -1 : Long.divideUnsigned(a, b);
  }

  /** {@code rem.s16}. */
  public static int remS16(int a, int b) {
    return (short) remS32((short) a, (short) b);
  }

  /** {@code rem.u16}. */
  public static int remU16(int a, int b) {
    return remS32(a & 0xffff, b & 0xffff);
  }

  /** {@code rem.s32}; the sign is the dividend's. */
  public static int remS32(int a, int b) {
    return b == 0 ? a : a % b;
  }

  /** {@code rem.u32}. */
  public static int remU32(int a, int b) {
    return b == 0 ? a : Integer.remainderUnsigned(a, b);
  }

  /** {@code rem.s64}; the sign is the dividend's. */
  public static long remS64(long a, long b) {
    return b == 0 ? a : a % b;
  }

  /** {@code rem.u64}. */
  public static long remU64(long a, long b) {
    return b == 0 ? a : Long.remainderUnsigned(a, b);
  }
}
