// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * The {@code .approx} and {@code .full} instructions of {@code .f32} (PTX ISA 9.7.3, "div", "rcp",
 * "sqrt", "rsqrt", "sin", "cos", "lg2", "ex2", "tanh"). Answers are closer than the manual's
 * bounds, and special values are the manual's. A device's bits differ within those bounds.
 *
 * <p>All compute in {@code double} with short polynomials, whose error of some 1e-10 vanishes in
 * the rounding to {@code float}.
 */
public final class ApproximateFloat {
  private static final double LN2 = 0.693147180559945309417;
  private static final double LOG2_E = 1.44269504088896340736;
  private static final double TWO_OVER_PI = 0.636619772367581343076;

  /** The top 33 bits of pi/2, and the rest: multiples below 2^20 of the former are exact. */
  private static final double HALF_PI_HIGH = 0x1.921fb544p0;

  private static final double HALF_PI_LOW = 0x1.0b4611a626331p-34;

  /** Above this the short argument reduction of sine and cosine would lose accuracy. */
  private static final float REDUCTION_MAX = 100_000f;

  /** Below this 2 to the power of it rounds to zero. */
  private static final float EX2_LEAST = -160f;

  private static final float EX2_INFINITE = 128f;

  /** Doubles of its magnitude have no bits behind the point. */
  private static final double ROUNDER = 0x1.8p52;

  /** ln(2)^n / n!. */
  private static final double E1 = LN2;

  private static final double E2 = E1 * LN2 / 2;
  private static final double E3 = E2 * LN2 / 3;
  private static final double E4 = E3 * LN2 / 4;
  private static final double E5 = E4 * LN2 / 5;
  private static final double E6 = E5 * LN2 / 6;
  private static final double E7 = E6 * LN2 / 7;

  private ApproximateFloat() {}

  /** {@code rcp.approx.f32}: at most 1 ulp in the manual, rounded to nearest here. */
  public static float rcp(float a) {
    return 1f / a;
  }

  /** {@code sqrt.approx.f32}: rounded to nearest here. */
  public static float sqrt(float a) {
    return (float) Math.sqrt(a);
  }

  /**
   * {@code rsqrt.approx.f32}: NaN below zero, infinite with its sign at zero. Two roundings are two
   * times 2^-24, within the manual's 2^-22.9.
   */
  public static float rsqrt(float a) {
    return 1f / (float) Math.sqrt(a);
  }

  /**
   * {@code div.approx.f32}: {@code a * (1 / b)}, so that a divisor above 2^126 in magnitude gives
   * zero, or NaN for an infinite dividend.
   */
  public static float divApprox(float a, float b) {
    float magnitude = Math.abs(b);
    if (magnitude > 0x1p126f && magnitude <= Float.MAX_VALUE) {
      return a * Math.copySign(0f, b);
    }
    return a / b;
  }

  /** {@code div.full.f32}: at most 2 ulp over the full range, rounded to nearest here. */
  public static float divFull(float a, float b) {
    return a / b;
  }

  /**
   * {@code ex2.approx.f32}: 2 to the power of {@code a}. The series ends at the seventh power,
   * which leaves 2^-27 of the result; its terms are added in pairs, so that few wait for others.
   */
  public static float ex2(float a) {
    if (!(a > EX2_LEAST)) {
      return Float.isNaN(a) ? a : 0f;
    } else if (a >= EX2_INFINITE) {
      return Float.POSITIVE_INFINITY;
    }
    // The sum's lowest bits are those of the nearest integer.
    double shifted = a + ROUNDER;
    double x = a - (shifted - ROUNDER);
    double square = x * x;
    double low = 1 + x * E1 + square * (E2 + x * E3);
    double high = E4 + x * E5 + square * (E6 + x * E7);
    double power = low + square * square * high;
    long exponent = Double.doubleToRawLongBits(shifted) + 1023;
    return (float) (power * Double.longBitsToDouble(exponent << 52));
  }

  /** e to the power of {@code x}, for magnitudes up to 0.35: Taylor's series to x^9/9!. */
  private static double expSmall(double x) {
    double high =
        1 / 120d + x * (1 / 720d + x * (1 / 5040d + x * (1 / 40320d + x * (1 / 362880d))));
    return 1 + x * (1 + x * (0.5 + x * (1 / 6d + x * (1 / 24d + x * high))));
  }

  /** {@code lg2.approx.f32}: the logarithm of base 2. */
  public static float lg2(float a) {
    if (!(a > 0) || a == Float.POSITIVE_INFINITY) {
      return a == 0 ? Float.NEGATIVE_INFINITY : a > 0 ? a : Float.NaN;
    }
    // Subnormal floats are normal doubles.
    long bits = Double.doubleToRawLongBits(a);
    // A mantissa in [2/3, 4/3) keeps the logarithm's relative error small around 1.
    long exponent = (bits - 0x3fe5_5555_5555_5555L) >> 52;
    double mantissa = Double.longBitsToDouble(bits - (exponent << 52));
    double s = (mantissa - 1) / (mantissa + 1);
    double z = s * s;
    // 2 * atanh(s), |s| <= 1/5.
    double tail = 1 / 7d + z * (1 / 9d + z * (1 / 11d + z * (1 / 13d + z * (1 / 15d))));
    double series = 2 * s * (1 + z * (1 / 3d + z * (1 / 5d + z * tail)));
    return (float) (exponent + series * LOG2_E);
  }

  /** {@code sin.approx.f32}; infinities give NaN. */
  public static float sin(float a) {
    if (!(Math.abs(a) <= REDUCTION_MAX)) {
      return (float) Math.sin(a);
    }
    if (Math.abs(a) < 0x1p-13f) {
      return a; // Also keeps the sign of -0.
    }
    double quarter = Math.rint(a * TWO_OVER_PI);
    double rest = reduce(a, quarter);
    int turn = (int) quarter;
    double value = (turn & 1) == 0 ? sinSmall(rest) : cosSmall(rest);
    return (float) ((turn & 2) == 0 ? value : -value);
  }

  /** {@code cos.approx.f32}; infinities give NaN. */
  public static float cos(float a) {
    if (!(Math.abs(a) <= REDUCTION_MAX)) {
      return (float) Math.cos(a);
    }
    double quarter = Math.rint(a * TWO_OVER_PI);
    double rest = reduce(a, quarter);
    int turn = (int) quarter;
    double value = (turn & 1) == 0 ? cosSmall(rest) : sinSmall(rest);
    return (float) ((turn + 1 & 2) == 0 ? value : -value);
  }

  private static double reduce(double a, double quarter) {
    return a - quarter * HALF_PI_HIGH - quarter * HALF_PI_LOW;
  }

  private static double sinSmall(double x) {
    double z = x * x;
    double tail = -1 / 5040d + z * (1 / 362880d - z * (1 / 39916800d));
    return x + x * z * (-1 / 6d + z * (1 / 120d + z * tail));
  }

  private static double cosSmall(double x) {
    double z = x * x;
    double tail = -1 / 720d + z * (1 / 40320d + z * (-1 / 3628800d + z * (1 / 479001600d)));
    return 1 + z * (-0.5 + z * (1 / 24d + z * tail));
  }

  /** {@code tanh.approx.f32}. */
  public static float tanh(float a) {
    double x = Math.abs((double) a);
    if (x < 0.0625) {
      double z = x * x;
      return (float) (a * (1 + z * (-1 / 3d + z * (2 / 15d - z * (17 / 315d)))));
    }
    // e to the power of 2x, by the same split as ex2; above 20 the answer rounds to 1.
    double scaled = Math.min(x, 20d) * (2 * LOG2_E);
    double whole = Math.rint(scaled);
    double power = expSmall((scaled - whole) * LN2);
    double exponential = power * Double.longBitsToDouble(((long) whole + 1023) << 52);
    return (float) Math.copySign(1 - 2 / (exponential + 1), (double) a);
  }
}
