// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * Sums of two {@code double} values without loss, the base of every other rounding: the exact sum
 * is {@code a + b} plus {@link #error}. {@link #toOdd} keeps in one {@code double} what a later
 * rounding to fewer bits has to know (Boldo and Melquiond, "Emulation of FMA and correctly rounded
 * sums: proved algorithms using rounding to odd", 2008).
 */
final class ExactSum {
  private ExactSum() {}

  /** The rounding error of {@code sum = a + b}, exact where the sum is finite (Knuth's TwoSum). */
  static double error(double a, double b, double sum) {
    double partOfB = sum - a;
    return (a - (sum - partOfB)) + (b - partOfB);
  }

  /**
   * {@code a + b} rounded to odd: exact, or else of the two neighbours the one whose last bit is
   * set. Rounding that to a format of at most 51 significant bits, in any mode, is as rounding the
   * exact sum.
   */
  static double toOdd(double a, double b) {
    double sum = a + b;
    double error = error(a, b, sum);
    long bits = Double.doubleToRawLongBits(sum);
    if (error != 0 && (bits & 1) == 0 && Math.abs(sum) <= Double.MAX_VALUE) {
      // Bit patterns grow with the magnitude: outwards if the error has the sign of the sum.
      return Double.longBitsToDouble(bits + ((error > 0) == (sum > 0) ? 1 : -1));
    }
    return sum;
  }
}
