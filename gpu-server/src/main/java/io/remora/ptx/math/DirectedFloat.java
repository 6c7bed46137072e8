// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * {@code add}, {@code sub}, {@code mul}, {@code fma}, {@code div}, {@code rcp} and {@code sqrt} of
 * {@code .f32} rounded to zero, down and up, and {@code fma} to nearest for processors without such
 * an instruction (PTX ISA 9.7.3). For {@code sub} pass {@code -b}; {@code rcp} is {@code div} of 1.
 *
 * <p>Sums and products are rounded to odd in {@code double} first, which keeps everything that the
 * second rounding asks for. Quotients and roots are rounded to nearest by the JVM and then compared
 * with the exact value: the product of two floats is exact in {@code double}.
 */
public final class DirectedFloat {
  private DirectedFloat() {}

  /** {@code add.rz.f32}. */
  public static float addRz(float a, float b) {
    return Narrowing.toFloatRz(ExactSum.toOdd(a, b));
  }

  /** {@code add.rm.f32}. */
  public static float addRm(float a, float b) {
    return sumDown(a, b);
  }

  /** {@code add.rp.f32}. */
  public static float addRp(float a, float b) {
    return Narrowing.toFloatRp(ExactSum.toOdd(a, b));
  }

  /** {@code mul.rz.f32}. */
  public static float mulRz(float a, float b) {
    return Narrowing.toFloatRz((double) a * b);
  }

  /** {@code mul.rm.f32}. */
  public static float mulRm(float a, float b) {
    return Narrowing.toFloatRm((double) a * b);
  }

  /** {@code mul.rp.f32}. */
  public static float mulRp(float a, float b) {
    return Narrowing.toFloatRp((double) a * b);
  }

  /** {@code fma.rn.f32} without the processor's own fused instruction. */
  public static float fmaRn(float a, float b, float c) {
    return (float) ExactSum.toOdd((double) a * b, c);
  }

  /** {@code fma.rz.f32}. */
  public static float fmaRz(float a, float b, float c) {
    return Narrowing.toFloatRz(ExactSum.toOdd((double) a * b, c));
  }

  /** {@code fma.rm.f32}. */
  public static float fmaRm(float a, float b, float c) {
    return sumDown((double) a * b, c);
  }

  /** {@code fma.rp.f32}. */
  public static float fmaRp(float a, float b, float c) {
    return Narrowing.toFloatRp(ExactSum.toOdd((double) a * b, c));
  }

  /** {@code div.rz.f32}, and {@code rcp.rz.f32} with {@code a} = 1. */
  public static float divRz(float a, float b) {
    float nearest = a / b;
    boolean tooLarge = Math.abs((double) nearest * b) > Math.abs(a);
    return tooLarge && isNumerator(a) ? Narrowing.towardsZero(nearest) : nearest;
  }

  /** {@code div.rm.f32}, and {@code rcp.rm.f32} with {@code a} = 1. */
  public static float divRm(float a, float b) {
    float nearest = a / b;
    double product = (double) nearest * b;
    boolean tooLarge = b > 0 ? product > a : product < a;
    return tooLarge && isNumerator(a) && b != 0 ? Math.nextDown(nearest) : nearest;
  }

  /** {@code div.rp.f32}, and {@code rcp.rp.f32} with {@code a} = 1. */
  public static float divRp(float a, float b) {
    float nearest = a / b;
    double product = (double) nearest * b;
    boolean tooSmall = b > 0 ? product < a : product > a;
    return tooSmall && isNumerator(a) && b != 0 ? Math.nextUp(nearest) : nearest;
  }

  /** {@code sqrt.rz.f32}, and {@code sqrt.rm.f32}, as roots aren't negative. */
  public static float sqrtRz(float a) {
    float nearest = (float) Math.sqrt(a);
    return (double) nearest * nearest > a ? Narrowing.towardsZero(nearest) : nearest;
  }

  /** {@code sqrt.rp.f32}. */
  public static float sqrtRp(float a) {
    float nearest = (float) Math.sqrt(a);
    return (double) nearest * nearest < a ? Math.nextUp(nearest) : nearest;
  }

  private static float sumDown(double a, double b) {
    double sum = ExactSum.toOdd(a, b);
    if (sum == 0) {
      // An exact zero of different signs is -0 when rounding down, +0 in the other modes.
      return 1 / a < 0 || 1 / b < 0 ? -0f : 0f;
    }
    return Narrowing.toFloatRm(sum);
  }

  /** Whether the quotient's size says anything: it doesn't for zeros and infinities. */
  private static boolean isNumerator(float a) {
    return a != 0 && Math.abs(a) <= Float.MAX_VALUE;
  }
}
