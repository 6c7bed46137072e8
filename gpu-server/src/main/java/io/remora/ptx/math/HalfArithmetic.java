// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * Arithmetic of {@code .f16} and {@code .f16x2} (PTX ISA 9.7.4).
 *
 * <p>Sums and products of two halves rounded to {@code float} first are rounded right at last: 24
 * bits are at least twice 11 plus 2. That isn't so for {@code fma}, which rounds to odd in between.
 */
public final class HalfArithmetic {
  private HalfArithmetic() {}

  /** {@code add.rn.f16}. */
  public static int add(int a, int b) {
    return Half.fromFloat(Half.toFloat(a) + Half.toFloat(b));
  }

  /** {@code sub.rn.f16}. */
  public static int sub(int a, int b) {
    return Half.fromFloat(Half.toFloat(a) - Half.toFloat(b));
  }

  /** {@code mul.rn.f16}. */
  public static int mul(int a, int b) {
    return Half.fromFloat(Half.toFloat(a) * Half.toFloat(b));
  }

  /** {@code fma.rn.f16}. */
  public static int fma(int a, int b, int c) {
    float product = Half.toFloat(a) * Half.toFloat(b);
    return Half.fromDouble(ExactSum.toOdd(product, Half.toFloat(c)));
  }

  /** {@code min.f16}. */
  public static int min(int a, int b) {
    return Half.fromFloat(FloatMinMax.min(Half.toFloat(a), Half.toFloat(b)));
  }

  /** {@code max.f16}. */
  public static int max(int a, int b) {
    return Half.fromFloat(FloatMinMax.max(Half.toFloat(a), Half.toFloat(b)));
  }

  /** {@code min.NaN.f16}. */
  public static int minNan(int a, int b) {
    return Half.fromFloat(FloatMinMax.minNan(Half.toFloat(a), Half.toFloat(b)));
  }

  /** {@code max.NaN.f16}. */
  public static int maxNan(int a, int b) {
    return Half.fromFloat(FloatMinMax.maxNan(Half.toFloat(a), Half.toFloat(b)));
  }

  /** {@code ex2.approx.f16}. */
  public static int ex2(int a) {
    return Half.fromFloat(ApproximateFloat.ex2(Half.toFloat(a)));
  }

  /** {@code tanh.approx.f16}. */
  public static int tanh(int a) {
    return Half.fromFloat(ApproximateFloat.tanh(Half.toFloat(a)));
  }

  /** {@code add.rn.f16x2}. */
  public static int addX2(int a, int b) {
    return add(a >>> 16, b >>> 16) << 16 | add(a, b);
  }

  /** {@code sub.rn.f16x2}. */
  public static int subX2(int a, int b) {
    return sub(a >>> 16, b >>> 16) << 16 | sub(a, b);
  }

  /** {@code mul.rn.f16x2}. */
  public static int mulX2(int a, int b) {
    return mul(a >>> 16, b >>> 16) << 16 | mul(a, b);
  }

  /** {@code fma.rn.f16x2}. */
  public static int fmaX2(int a, int b, int c) {
    return fma(a >>> 16, b >>> 16, c >>> 16) << 16 | fma(a, b, c);
  }

  /** {@code min.f16x2}. */
  public static int minX2(int a, int b) {
    return min(a >>> 16, b >>> 16) << 16 | min(a, b);
  }

  /** {@code max.f16x2}. */
  public static int maxX2(int a, int b) {
    return max(a >>> 16, b >>> 16) << 16 | max(a, b);
  }

  /** {@code min.NaN.f16x2}. */
  public static int minNanX2(int a, int b) {
    return minNan(a >>> 16, b >>> 16) << 16 | minNan(a, b);
  }

  /** {@code max.NaN.f16x2}. */
  public static int maxNanX2(int a, int b) {
    return maxNan(a >>> 16, b >>> 16) << 16 | maxNan(a, b);
  }

  /** {@code neg.f16x2}. */
  public static int negX2(int a) {
    return Half.neg(a >>> 16) << 16 | Half.neg(a);
  }

  /** {@code abs.f16x2}. */
  public static int absX2(int a) {
    return Half.abs(a >>> 16) << 16 | Half.abs(a);
  }

  /** {@code .ftz} on {@code .f16x2}. */
  public static int flushX2(int a) {
    return Half.flush(a >>> 16) << 16 | Half.flush(a);
  }

  /** {@code .sat} on {@code .f16x2}. */
  public static int saturateX2(int a) {
    return Half.saturate(a >>> 16) << 16 | Half.saturate(a);
  }

  /** {@code .relu} on {@code .f16x2}. */
  public static int reluX2(int a) {
    return Half.relu(a >>> 16) << 16 | Half.relu(a);
  }

  /** {@code ex2.approx.f16x2}. */
  public static int ex2X2(int a) {
    return ex2(a >>> 16) << 16 | ex2(a);
  }

  /** {@code tanh.approx.f16x2}. */
  public static int tanhX2(int a) {
    return tanh(a >>> 16) << 16 | tanh(a);
  }
}
