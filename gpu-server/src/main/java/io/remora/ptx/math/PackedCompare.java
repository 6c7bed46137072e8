// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

import java.util.List;

/**
 * {@code set} and {@code setp} of {@code .f16x2} and {@code .bf16x2} (PTX ISA 9.7.6): both halves
 * at once. An outcome is a number whose bit 0 tells of the lower halves and bit 1 of the upper
 * ones.
 */
public final class PackedCompare {
  /** The comparisons in the order of the numbers that {@link #f16} and {@link #bf16} take. */
  public static final List<String> COMPARISONS =
      List.of(
          "eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num",
          "nan");

  private PackedCompare() {}

  /** Compares pairs of {@code .f16}. */
  public static int f16(int a, int b, int comparison) {
    return both(
        compare(Half.toFloat(a & 0xffff), Half.toFloat(b & 0xffff), comparison),
        compare(Half.toFloat(a >>> 16), Half.toFloat(b >>> 16), comparison));
  }

  /** Compares pairs of {@code .bf16}. */
  public static int bf16(int a, int b, int comparison) {
    return both(
        compare(Bfloat.toFloat(a & 0xffff), Bfloat.toFloat(b & 0xffff), comparison),
        compare(Bfloat.toFloat(a >>> 16), Bfloat.toFloat(b >>> 16), comparison));
  }

  private static int both(boolean low, boolean high) {
    return (low ? 1 : 0) | (high ? 2 : 0);
  }

  private static boolean compare(float a, float b, int comparison) {
    boolean unordered = Float.isNaN(a) || Float.isNaN(b);
    return switch (comparison) {
      case 0 -> a == b;
      case 1 -> a != b && !unordered;
      case 2 -> a < b;
      case 3 -> a <= b;
      case 4 -> a > b;
      case 5 -> a >= b;
      case 6 -> unordered || a == b;
      case 7 -> a != b;
      case 8 -> unordered || a < b;
      case 9 -> unordered || a <= b;
      case 10 -> unordered || a > b;
      case 11 -> unordered || a >= b;
      case 12 -> !unordered;
      default -> unordered;
    };
  }

  /** One as {@code .f16} in each half that holds. */
  public static int onesF16(int outcome) {
    return spread(outcome, 0x3c00);
  }

  /** One as {@code .bf16} in each half that holds. */
  public static int onesBf16(int outcome) {
    return spread(outcome, 0x3f80);
  }

  /** All bits in each half that holds. */
  public static int masks(int outcome) {
    return spread(outcome, 0xffff);
  }

  private static int spread(int outcome, int one) {
    return ((outcome & 1) != 0 ? one : 0) | ((outcome & 2) != 0 ? one << 16 : 0);
  }
}
