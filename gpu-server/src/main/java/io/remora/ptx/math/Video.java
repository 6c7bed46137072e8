// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

import java.util.function.IntBinaryOperator;

/**
 * The SIMD video instructions on two halves or four bytes (PTX ISA 9.7.15.2). Flags: 1 and 2 say
 * that the lanes of {@code a} and {@code b} have signs, 4 that the result has, 8 that lanes are
 * clamped to the result's range, 16 that the lanes' sum is added to {@code c}.
 */
public final class Video {
  private static final int A_SIGNED = 1;
  private static final int B_SIGNED = 2;
  private static final int RESULT_SIGNED = 4;
  private static final int CLAMP = 8;
  private static final int ADD = 16;

  private Video() {}

  private static int lanes(int a, int b, int c, int lanes, int flags, IntBinaryOperator operation) {
    int bits = 32 / lanes;
    int packed = 0;
    int sum = c;
    for (int lane = 0; lane < lanes; lane++) {
      int x = extract(a, lane, bits, (flags & A_SIGNED) != 0);
      int y = extract(b, lane, bits, (flags & B_SIGNED) != 0);
      int value = operation.applyAsInt(x, y);
      if ((flags & CLAMP) != 0) {
        value = clamp(value, bits, (flags & RESULT_SIGNED) != 0);
      }
      sum += value;
      packed |= (value & (1 << bits) - 1) << lane * bits;
    }
    return (flags & ADD) != 0 ? sum : packed;
  }

  private static int extract(int word, int lane, int bits, boolean signed) {
    int up = word << 32 - (lane + 1) * bits;
    return signed ? up >> 32 - bits : up >>> 32 - bits;
  }

  private static int clamp(int value, int bits, boolean signed) {
    int least = signed ? -(1 << bits - 1) : 0;
    int most = signed ? (1 << bits - 1) - 1 : (1 << bits) - 1;
    return Math.max(least, Math.min(most, value));
  }

  /** {@code vadd2}, {@code vadd4}. */
  public static int add(int a, int b, int c, int lanes, int flags) {
    return lanes(a, b, c, lanes, flags, Integer::sum);
  }

  /** {@code vsub2}, {@code vsub4}. */
  public static int sub(int a, int b, int c, int lanes, int flags) {
    return lanes(a, b, c, lanes, flags, (x, y) -> x - y);
  }

  /** {@code vavrg2}, {@code vavrg4}: rounded away from zero, as the ISA says. */
  public static int avrg(int a, int b, int c, int lanes, int flags) {
    return lanes(a, b, c, lanes, flags, (x, y) -> x + y + (x + y >= 0 ? 1 : 0) >> 1);
  }

  /** {@code vabsdiff2}, {@code vabsdiff4}. */
  public static int absdiff(int a, int b, int c, int lanes, int flags) {
    return lanes(a, b, c, lanes, flags, (x, y) -> Math.abs(x - y));
  }

  /** {@code vmin2}, {@code vmin4}. */
  public static int min(int a, int b, int c, int lanes, int flags) {
    return lanes(a, b, c, lanes, flags, Math::min);
  }

  /** {@code vmax2}, {@code vmax4}. */
  public static int max(int a, int b, int c, int lanes, int flags) {
    return lanes(a, b, c, lanes, flags, Math::max);
  }

  /** {@code vset2.eq}, {@code vset4.eq}. */
  public static int setEq(int a, int b, int c, int lanes, int flags) {
    return lanes(a, b, c, lanes, flags, (x, y) -> x == y ? 1 : 0);
  }

  /** {@code vset2.ne}, {@code vset4.ne}. */
  public static int setNe(int a, int b, int c, int lanes, int flags) {
    return lanes(a, b, c, lanes, flags, (x, y) -> x != y ? 1 : 0);
  }

  /** {@code vset2.lt}, {@code vset4.lt}. */
  public static int setLt(int a, int b, int c, int lanes, int flags) {
    return lanes(a, b, c, lanes, flags, (x, y) -> x < y ? 1 : 0);
  }

  /** {@code vset2.le}, {@code vset4.le}. */
  public static int setLe(int a, int b, int c, int lanes, int flags) {
    return lanes(a, b, c, lanes, flags, (x, y) -> x <= y ? 1 : 0);
  }

  /** {@code vset2.gt}, {@code vset4.gt}. */
  public static int setGt(int a, int b, int c, int lanes, int flags) {
    return lanes(a, b, c, lanes, flags, (x, y) -> x > y ? 1 : 0);
  }

  /** {@code vset2.ge}, {@code vset4.ge}. */
  public static int setGe(int a, int b, int c, int lanes, int flags) {
    return lanes(a, b, c, lanes, flags, (x, y) -> x >= y ? 1 : 0);
  }
}
