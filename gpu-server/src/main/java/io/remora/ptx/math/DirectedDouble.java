// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

import java.math.BigDecimal;

/**
 * {@code add}, {@code sub}, {@code mul}, {@code fma}, {@code div}, {@code rcp} and {@code sqrt} of
 * {@code .f64} rounded to zero, down and up (PTX ISA 9.7.3). For {@code sub} pass {@code -b};
 * {@code rcp} is {@code div} of 1.
 *
 * <p>Each starts from the JVM's result, rounded to nearest, and moves it to the neighbour if it
 * lies on the wrong side of the exact value. The side is the sign of an error term that is exact
 * while exponents are moderate; near overflow and underflow {@link BigDecimal} decides.
 */
public final class DirectedDouble {
  /** Above this, sums and products of results and operands could overflow. */
  private static final double LARGE = 0x1p960;

  /** Below this, error terms could lose bits to underflow. */
  private static final double SMALL = 0x1p-900;

  private DirectedDouble() {}

  /** {@code add.rz.f64}. */
  public static double addRz(double a, double b) {
    double nearest = a + b;
    return towardsZero(nearest, sumSide(a, b, nearest));
  }

  /** {@code add.rm.f64}. */
  public static double addRm(double a, double b) {
    double nearest = a + b;
    return down(zeroDown(nearest, a, b), sumSide(a, b, nearest));
  }

  /** {@code add.rp.f64}. */
  public static double addRp(double a, double b) {
    double nearest = a + b;
    return up(nearest, sumSide(a, b, nearest));
  }

  /** {@code mul.rz.f64}. */
  public static double mulRz(double a, double b) {
    double nearest = a * b;
    return towardsZero(nearest, productSide(a, b, nearest));
  }

  /** {@code mul.rm.f64}. */
  public static double mulRm(double a, double b) {
    double nearest = a * b;
    return down(nearest, productSide(a, b, nearest));
  }

  /** {@code mul.rp.f64}. */
  public static double mulRp(double a, double b) {
    double nearest = a * b;
    return up(nearest, productSide(a, b, nearest));
  }

  /** {@code fma.rz.f64}. */
  public static double fmaRz(double a, double b, double c) {
    double nearest = Math.fma(a, b, c);
    return towardsZero(nearest, fmaSide(a, b, c, nearest));
  }

  /** {@code fma.rm.f64}. */
  public static double fmaRm(double a, double b, double c) {
    double nearest = Math.fma(a, b, c);
    int side = fmaSide(a, b, c, nearest);
    return down(side == 0 ? zeroDown(nearest, a * b, c) : nearest, side);
  }

  /** {@code fma.rp.f64}. */
  public static double fmaRp(double a, double b, double c) {
    double nearest = Math.fma(a, b, c);
    return up(nearest, fmaSide(a, b, c, nearest));
  }

  /** {@code div.rz.f64}, and {@code rcp.rz.f64} with {@code a} = 1. */
  public static double divRz(double a, double b) {
    double nearest = a / b;
    return towardsZero(nearest, quotientSide(a, b, nearest));
  }

  /** {@code div.rm.f64}, and {@code rcp.rm.f64} with {@code a} = 1. */
  public static double divRm(double a, double b) {
    double nearest = a / b;
    return down(nearest, quotientSide(a, b, nearest));
  }

  /** {@code div.rp.f64}, and {@code rcp.rp.f64} with {@code a} = 1. */
  public static double divRp(double a, double b) {
    double nearest = a / b;
    return up(nearest, quotientSide(a, b, nearest));
  }

  /** {@code sqrt.rz.f64}, and {@code sqrt.rm.f64}, as roots aren't negative. */
  public static double sqrtRz(double a) {
    double nearest = Math.sqrt(a);
    return towardsZero(nearest, rootSide(a, nearest));
  }

  /** {@code sqrt.rp.f64}. */
  public static double sqrtRp(double a) {
    double nearest = Math.sqrt(a);
    return up(nearest, rootSide(a, nearest));
  }

  // A "side" is 1 if the exact value lies above the nearest one, -1 below, 0 on it.

  private static int sumSide(double a, double b, double nearest) {
    if (Math.abs(a) < LARGE && Math.abs(b) < LARGE) {
      return sign(ExactSum.error(a, b, nearest));
    }
    return finite(a, b) ? compare(exact(a).add(exact(b)), nearest) : 0;
  }

  private static int productSide(double a, double b, double nearest) {
    if (moderate(nearest)) {
      return sign(Math.fma(a, b, -nearest));
    }
    return finite(a, b) ? compare(exact(a).multiply(exact(b)), nearest) : 0;
  }

  private static int fmaSide(double a, double b, double c, double nearest) {
    double product = a * b;
    if (moderate(product) && moderate(nearest) && (c == 0 || moderate(c))) {
      return sign(fmaError(product, Math.fma(a, b, -product), c, nearest));
    }
    if (!finite(a, b) || !FloatModifiers.isFinite(c)) {
      return 0;
    }
    return compare(exact(a).multiply(exact(b)).add(exact(c)), nearest);
  }

  /**
   * A number with the sign of {@code product + productError + c - nearest} (Boldo and Muller,
   * "Exact and Approximated Error of the FMA", 2011).
   */
  private static double fmaError(double product, double productError, double c, double nearest) {
    double low = c + productError;
    double lowError = ExactSum.error(c, productError, low);
    double high = product + low;
    double highError = ExactSum.error(product, low, high);
    return ((high - nearest) + highError) + lowError;
  }

  private static int quotientSide(double a, double b, double nearest) {
    if (moderate(nearest) && moderate(a) && moderate(b)) {
      return sign(Math.fma(-nearest, b, a)) * sign(b);
    }
    if (!finite(a, b) || b == 0 || a == 0) {
      return 0;
    }
    if (!FloatModifiers.isFinite(nearest)) {
      return -sign(nearest);
    }
    return exact(a).compareTo(exact(nearest).multiply(exact(b))) * sign(b);
  }

  private static int rootSide(double a, double nearest) {
    if (moderate(a)) {
      return sign(Math.fma(-nearest, nearest, a));
    }
    return a > 0 && FloatModifiers.isFinite(a)
        ? exact(a).compareTo(exact(nearest).multiply(exact(nearest)))
        : 0;
  }

  private static int compare(BigDecimal exact, double nearest) {
    return FloatModifiers.isFinite(nearest) ? exact.compareTo(exact(nearest)) : -sign(nearest);
  }

  private static BigDecimal exact(double value) {
    return new BigDecimal(value);
  }

  private static boolean moderate(double value) {
    double magnitude = Math.abs(value);
    return magnitude > SMALL && magnitude < LARGE;
  }

  private static boolean finite(double a, double b) {
    return FloatModifiers.isFinite(a) && FloatModifiers.isFinite(b);
  }

  private static int sign(double value) {
    return value > 0 ? 1 : value < 0 ? -1 : 0;
  }

  /** An exact zero of different signs is -0 when rounding down. */
  private static double zeroDown(double sum, double a, double b) {
    return sum == 0 && (1 / a < 0 || 1 / b < 0) ? -0d : sum;
  }

  private static double towardsZero(double nearest, int side) {
    boolean outside = nearest > 0 ? side < 0 : nearest < 0 && side > 0;
    return outside ? Double.longBitsToDouble(Double.doubleToRawLongBits(nearest) - 1) : nearest;
  }

  private static double down(double nearest, int side) {
    return side < 0 ? Math.nextDown(nearest) : nearest;
  }

  private static double up(double nearest, int side) {
    return side > 0 ? Math.nextUp(nearest) : nearest;
  }
}
