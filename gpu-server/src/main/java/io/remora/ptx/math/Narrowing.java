// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * {@code cvt} from {@code .f64} to {@code .f32} (PTX ISA 9.7.9, "cvt"); {@code cvt.rn.f32.f64} is
 * the JVM's {@code d2f}. Used also to round what was computed in {@code double}.
 */
public final class Narrowing {
  private Narrowing() {}

  /** {@code cvt.rz.f32.f64}. */
  public static float toFloatRz(double value) {
    float nearest = (float) value;
    return Math.abs((double) nearest) > Math.abs(value) ? towardsZero(nearest) : nearest;
  }

  /** {@code cvt.rm.f32.f64}. */
  public static float toFloatRm(double value) {
    float nearest = (float) value;
    return nearest > value ? Math.nextDown(nearest) : nearest;
  }

  /** {@code cvt.rp.f32.f64}. */
  public static float toFloatRp(double value) {
    float nearest = (float) value;
    return nearest < value ? Math.nextUp(nearest) : nearest;
  }

  /**
   * Rounds to odd: exact, or else of the two neighbours the one whose last bit is set, so that a
   * second rounding to at most 22 significant bits is as one rounding.
   */
  static float toFloatOdd(double value) {
    float truncated = toFloatRz(value);
    if (truncated == value || Double.isNaN(value)) {
      return truncated;
    }
    return Float.intBitsToFloat(Float.floatToRawIntBits(truncated) | 1);
  }

  /** The neighbour towards zero; infinity's is the largest number. Zero is not allowed. */
  static float towardsZero(float a) {
    return Float.intBitsToFloat(Float.floatToRawIntBits(a) - 1);
  }
}
