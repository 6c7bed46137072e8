// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import java.util.function.DoubleBinaryOperator;

/**
 * An approximate instruction, with what the manual promises of it.
 *
 * @param form opcode and modifiers
 * @param format of operands and result
 * @param parts how many numbers an operand and the result hold
 * @param operands how many operands there are
 * @param exact the function in double precision; NaN operands don't come to it
 * @param bound the manual's bound
 */
record Approximation(
    String form, Format format, int parts, int operands, DoubleBinaryOperator exact, Bound bound) {
  /** Says how far a result may be from the exact one. */
  interface Bound {
    /**
     * The most that may be between the results, or infinity where the manual promises nothing.
     *
     * @param a first operand
     * @param exact the exact result, finite
     * @param ulp distance of neighbours at the exact result
     */
    double at(double a, double exact, double ulp);
  }

  /** A number of units in the last place. */
  static Bound ulps(int count) {
    return (a, exact, ulp) -> count * ulp;
  }

  /** A part of the result, beside the rounding of results that are subnormal. */
  static Bound relative(double most) {
    return (a, exact, ulp) -> Math.abs(exact) * most;
  }

  /** A distance, whatever the result. */
  static Bound absolute(double most) {
    return (a, exact, ulp) -> most;
  }

  private boolean flushes() {
    return form.contains(".ftz");
  }

  /** Bits of each operand. */
  int bits() {
    return parts * format.bits();
  }

  /** Whether bits are a result that the manual allows. */
  boolean allows(long a, long b, long result) {
    boolean allowed = true;
    for (int part = 0; part < bits(); part += format.bits()) {
      long mask = Lane.mask(format.bits());
      allowed &= allowsOne(a >>> part & mask, b >>> part & mask, result >>> part & mask);
    }
    return allowed;
  }

  private boolean allowsOne(long aBits, long bBits, long resultBits) {
    if (format.isNan(aBits) || operands == 2 && format.isNan(bBits)) {
      return format.isNan(resultBits);
    }
    double a = number(flushes() ? format.flush(aBits) : aBits);
    double b = number(flushes() ? format.flush(bBits) : bBits);
    double expected = exact.applyAsDouble(a, b);
    if (Double.isNaN(expected)) {
      return format.isNan(resultBits);
    } else if (format.isNan(resultBits) || flushes() && format.isSubnormal(resultBits)) {
      return false;
    }
    double result = number(resultBits);
    if (expected == 0 || Double.isInfinite(expected)) {
      return Double.compare(result, expected) == 0;
    }
    double least = Math.scalb(1d, format.least());
    double ulp =
        Math.max(least, Math.scalb(1d, Math.getExponent(expected) - format.precision() + 1));
    double most = bound.at(a, expected, ulp);
    double normal = number(1L << (format.precision() - 1));
    boolean isTiny = Math.abs(expected) - most < normal;
    if (isTiny && flushes() && result == 0) {
      return signsAgree(result, expected);
    }
    double largest = number(format.largest(false));
    if (Double.isInfinite(result)) {
      return Math.abs(expected) + most >= largest && signsAgree(result, expected);
    }
    return Math.abs(result - expected) <= most + (isTiny ? least : 0);
  }

  private static boolean signsAgree(double a, double b) {
    return Math.copySign(1d, a) == Math.copySign(1d, b);
  }

  private double number(long bits) {
    if (format.isInfinite(bits)) {
      return format.isNegative(bits) ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
    }
    double magnitude =
        Double.longBitsToDouble(format.value(bits & format.nan()).round(Format.F64, "rn"));
    return format.isNegative(bits) ? -magnitude : magnitude;
  }
}
