// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * Arithmetic of {@code .bf16} and {@code .bf16x2} (PTX ISA 9.7.4).
 *
 * <p>A sum rounded to {@code float} first is rounded right at last, as 24 bits are more than twice
 * 8 plus 2. Products may be too small for a {@code float}, and {@code fma} has three operands, so
 * these round to odd in between.
 */
public final class BfloatArithmetic {
  private BfloatArithmetic() {}

  /** {@code .ftz} on {@code .bf16x2}. */
  public static int flushX2(int a) {
    return Bfloat.flush(a >>> 16) << 16 | Bfloat.flush(a);
  }

  /** {@code add.rn.bf16}. */
  public static int add(int a, int b) {
    return Bfloat.fromFloat(Bfloat.toFloat(a) + Bfloat.toFloat(b));
  }

  /** {@code sub.rn.bf16}. */
  public static int sub(int a, int b) {
    return Bfloat.fromFloat(Bfloat.toFloat(a) - Bfloat.toFloat(b));
  }

  /** {@code mul.rn.bf16}. */
  public static int mul(int a, int b) {
    return Bfloat.fromFloat(Half.oddFloat((double) Bfloat.toFloat(a) * Bfloat.toFloat(b)));
  }

  /** {@code fma.rn.bf16}. */
  public static int fma(int a, int b, int c) {
    double product = (double) Bfloat.toFloat(a) * Bfloat.toFloat(b);
    return Bfloat.fromFloat(Half.oddFloat(ExactSum.toOdd(product, Bfloat.toFloat(c))));
  }

  /** {@code min.bf16}. */
  public static int min(int a, int b) {
    return Bfloat.fromFloat(FloatMinMax.min(Bfloat.toFloat(a), Bfloat.toFloat(b)));
  }

  /** {@code max.bf16}. */
  public static int max(int a, int b) {
    return Bfloat.fromFloat(FloatMinMax.max(Bfloat.toFloat(a), Bfloat.toFloat(b)));
  }

  /** {@code min.NaN.bf16}. */
  public static int minNan(int a, int b) {
    return Bfloat.fromFloat(FloatMinMax.minNan(Bfloat.toFloat(a), Bfloat.toFloat(b)));
  }

  /** {@code max.NaN.bf16}. */
  public static int maxNan(int a, int b) {
    return Bfloat.fromFloat(FloatMinMax.maxNan(Bfloat.toFloat(a), Bfloat.toFloat(b)));
  }

  /** {@code ex2.approx.bf16}. */
  public static int ex2(int a) {
    return Bfloat.fromFloat(ApproximateFloat.ex2(Bfloat.toFloat(a)));
  }

  /** {@code tanh.approx.bf16}. */
  public static int tanh(int a) {
    return Bfloat.fromFloat(ApproximateFloat.tanh(Bfloat.toFloat(a)));
  }

  /** {@code add.rn.bf16x2}. */
  public static int addX2(int a, int b) {
    return add(a >>> 16, b >>> 16) << 16 | add(a, b);
  }

  /** {@code sub.rn.bf16x2}. */
  public static int subX2(int a, int b) {
    return sub(a >>> 16, b >>> 16) << 16 | sub(a, b);
  }

  /** {@code mul.rn.bf16x2}. */
  public static int mulX2(int a, int b) {
    return mul(a >>> 16, b >>> 16) << 16 | mul(a, b);
  }

  /** {@code fma.rn.bf16x2}. */
  public static int fmaX2(int a, int b, int c) {
    return fma(a >>> 16, b >>> 16, c >>> 16) << 16 | fma(a, b, c);
  }

  /** {@code min.bf16x2}. */
  public static int minX2(int a, int b) {
    return min(a >>> 16, b >>> 16) << 16 | min(a, b);
  }

  /** {@code max.bf16x2}. */
  public static int maxX2(int a, int b) {
    return max(a >>> 16, b >>> 16) << 16 | max(a, b);
  }

  /** {@code min.NaN.bf16x2}. */
  public static int minNanX2(int a, int b) {
    return minNan(a >>> 16, b >>> 16) << 16 | minNan(a, b);
  }

  /** {@code max.NaN.bf16x2}. */
  public static int maxNanX2(int a, int b) {
    return maxNan(a >>> 16, b >>> 16) << 16 | maxNan(a, b);
  }

  /** {@code neg.bf16x2}. */
  public static int negX2(int a) {
    return Bfloat.neg(a >>> 16) << 16 | Bfloat.neg(a);
  }

  /** {@code abs.bf16x2}. */
  public static int absX2(int a) {
    return Bfloat.abs(a >>> 16) << 16 | Bfloat.abs(a);
  }

  /** {@code .sat} on {@code .bf16x2}. */
  public static int saturateX2(int a) {
    return Bfloat.saturate(a >>> 16) << 16 | Bfloat.saturate(a);
  }

  /** {@code .relu} on {@code .bf16x2}. */
  public static int reluX2(int a) {
    return Bfloat.relu(a >>> 16) << 16 | Bfloat.relu(a);
  }

  /** {@code ex2.approx.bf16x2}. */
  public static int ex2X2(int a) {
    return ex2(a >>> 16) << 16 | ex2(a);
  }

  /** {@code tanh.approx.bf16x2}. */
  public static int tanhX2(int a) {
    return tanh(a >>> 16) << 16 | tanh(a);
  }
}
