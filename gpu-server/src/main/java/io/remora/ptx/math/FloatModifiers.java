// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * What modifiers and sign operations do to floating-point values: {@code .ftz}, {@code .sat},
 * {@code .relu}, {@code abs}, {@code neg}, {@code copysign} and {@code testp} (PTX ISA 9.7.3).
 */
public final class FloatModifiers {
  /** The bits of the NaN that PTX makes where no payload is passed on. */
  static final int NAN_F32 = 0x7fff_ffff;

  private static final int SIGN = 0x8000_0000;
  private static final long SIGN_F64 = 0x8000_0000_0000_0000L;

  private FloatModifiers() {}

  /** {@code .ftz}: a subnormal becomes zero of its sign. */
  public static float flush(float a) {
    return Math.abs(a) < Float.MIN_NORMAL ? Math.copySign(0f, a) : a;
  }

  /** {@code .sat}: into [0, 1]; NaN and -0 become +0. */
  public static float saturate(float a) {
    return a > 0 ? Math.min(a, 1f) : 0f;
  }

  /** {@code .sat} on {@code .f64}. */
  public static double saturate(double a) {
    return a > 0 ? Math.min(a, 1d) : 0d;
  }

  /** {@code .relu}: not below +0; NaN becomes the canonical NaN. */
  public static float relu(float a) {
    if (Float.isNaN(a)) {
      return Float.intBitsToFloat(NAN_F32);
    }
    return a > 0 ? a : 0f;
  }

  /** {@code copysign.f32 d, a, b}: the sign of {@code a} on the magnitude of {@code b}. */
  public static float copySign(float a, float b) {
    int bits = (Float.floatToRawIntBits(a) & SIGN) | (Float.floatToRawIntBits(b) & ~SIGN);
    return Float.intBitsToFloat(bits);
  }

  /** {@code copysign.f64 d, a, b}: the sign of {@code a} on the magnitude of {@code b}. */
  public static double copySign(double a, double b) {
    long sign = Double.doubleToRawLongBits(a) & SIGN_F64;
    return Double.longBitsToDouble(sign | (Double.doubleToRawLongBits(b) & ~SIGN_F64));
  }

  /** {@code testp.finite.f32}. */
  public static boolean isFinite(float a) {
    return Math.abs(a) <= Float.MAX_VALUE;
  }

  /** {@code testp.finite.f64}. */
  public static boolean isFinite(double a) {
    return Math.abs(a) <= Double.MAX_VALUE;
  }

  /** {@code testp.infinite.f32}. */
  public static boolean isInfinite(float a) {
    return Math.abs(a) == Float.POSITIVE_INFINITY;
  }

  /** {@code testp.infinite.f64}. */
  public static boolean isInfinite(double a) {
    return Math.abs(a) == Double.POSITIVE_INFINITY;
  }

  /** {@code testp.number.f32}. */
  public static boolean isNumber(float a) {
    return !Float.isNaN(a);
  }

  /** {@code testp.number.f64}. */
  public static boolean isNumber(double a) {
    return !Double.isNaN(a);
  }

  /** {@code testp.notanumber.f32}. */
  public static boolean isNotANumber(float a) {
    return Float.isNaN(a);
  }

  /** {@code testp.notanumber.f64}. */
  public static boolean isNotANumber(double a) {
    return Double.isNaN(a);
  }

  /** {@code testp.normal.f32}: neither zero nor subnormal, infinite or NaN. */
  public static boolean isNormal(float a) {
    return Math.abs(a) >= Float.MIN_NORMAL && isFinite(a);
  }

  /** {@code testp.normal.f64}. */
  public static boolean isNormal(double a) {
    return Math.abs(a) >= Double.MIN_NORMAL && isFinite(a);
  }

  /** {@code testp.subnormal.f32}; zero isn't. */
  public static boolean isSubnormal(float a) {
    return Math.abs(a) < Float.MIN_NORMAL && a != 0;
  }

  /** {@code testp.subnormal.f64}; zero isn't. */
  public static boolean isSubnormal(double a) {
    return Math.abs(a) < Double.MIN_NORMAL && a != 0;
  }
}
