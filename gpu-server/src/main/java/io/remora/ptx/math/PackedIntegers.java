// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * Pairs of 16-bit integers in a word (PTX ISA 9.7.1, {@code add}, {@code min} and {@code max} with
 * {@code .u16x2} and {@code .s16x2}).
 */
public final class PackedIntegers {
  private PackedIntegers() {}

  /** {@code add.u16x2} and {@code add.s16x2}. */
  public static int addX2(int a, int b) {
    return pack(a + b, (a >>> 16) + (b >>> 16));
  }

  /** {@code min.u16x2}. */
  public static int minU16X2(int a, int b) {
    return pack(IntegerMath.minU16(a, b), IntegerMath.minU16(a >>> 16, b >>> 16));
  }

  /** {@code max.u16x2}. */
  public static int maxU16X2(int a, int b) {
    return pack(IntegerMath.maxU16(a, b), IntegerMath.maxU16(a >>> 16, b >>> 16));
  }

  /** {@code min.s16x2}. */
  public static int minS16X2(int a, int b) {
    return pack(IntegerMath.minS16(a, b), IntegerMath.minS16(a >>> 16, b >>> 16));
  }

  /** {@code max.s16x2}. */
  public static int maxS16X2(int a, int b) {
    return pack(IntegerMath.maxS16(a, b), IntegerMath.maxS16(a >>> 16, b >>> 16));
  }

  /** {@code min.relu.s16x2}. */
  public static int minReluS16X2(int a, int b) {
    return maxS16X2(minS16X2(a, b), 0);
  }

  /** {@code max.relu.s16x2}. */
  public static int maxReluS16X2(int a, int b) {
    return maxS16X2(maxS16X2(a, b), 0);
  }

  /** One word of two halves, the first in the low bits. */
  static int pack(int low, int high) {
    return (low & 0xffff) | high << 16;
  }
}
