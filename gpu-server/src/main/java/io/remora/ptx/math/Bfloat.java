// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * {@code .bf16} (the upper half of an {@code .f32}) as raw bits, and {@code .tf32} (an {@code .f32}
 * with 10 bits after the point): conversion and sign operations (PTX ISA 9.7.4 and 9.7.9). From
 * {@code .f64} and integers go through {@link Half#oddFloat}.
 */
public final class Bfloat {
  /** The NaN that PTX makes. */
  static final int NAN = 0x7fff;

  private static final int INFINITY = 0x7f80;
  private static final int MAX = 0x7f7f;

  private Bfloat() {}

  /** {@code cvt.f32.bf16}, exact. */
  public static float toFloat(int bits) {
    return Float.intBitsToFloat(bits << 16);
  }

  /** {@code cvt.rn.bf16.f32}. */
  public static int fromFloat(float value) {
    int bits = Float.floatToRawIntBits(value);
    return !Float.isNaN(value) ? bits + 0x7fff + (bits >>> 16 & 1) >>> 16 : NAN;
  }

  /** {@code cvt.rz.bf16.f32}. */
  public static int fromFloatRz(float value) {
    return !Float.isNaN(value) ? Float.floatToRawIntBits(value) >>> 16 : NAN;
  }

  /** {@code cvt.rm.bf16.f32}. */
  public static int fromFloatRm(float value) {
    return !Float.isNaN(value) ? away(value, 0x8000_0000) : NAN;
  }

  /** {@code cvt.rp.bf16.f32}. */
  public static int fromFloatRp(float value) {
    return !Float.isNaN(value) ? away(value, 0) : NAN;
  }

  /** {@code cvt.rn.satfinite.bf16.f32}: the largest number instead of infinity. */
  public static int fromFloatSatFinite(float value) {
    int bits = fromFloat(value);
    return (bits & 0x7fff) == INFINITY ? (bits & 0x8000) | MAX : bits;
  }

  /** {@code cvt.rn.bf16x2.f32 d, a, b}: {@code a} in the upper half, {@code b} in the lower. */
  public static int packX2(float upper, float lower) {
    return fromFloat(upper) << 16 | fromFloat(lower);
  }

  /** {@code cvt.rna.tf32.f32}: to nearest, ties away from zero; the low 13 bits become zero. */
  public static float toTf32Rna(float value) {
    int bits = Float.floatToRawIntBits(value);
    return isFinite(bits) ? Float.intBitsToFloat(bits + 0x1000 & ~0x1fff) : tf32Special(value);
  }

  /** {@code cvt.rn.tf32.f32}: to nearest, ties to even. */
  public static float toTf32Rn(float value) {
    int bits = Float.floatToRawIntBits(value);
    int rounded = bits + 0xfff + (bits >>> 13 & 1) & ~0x1fff;
    return isFinite(bits) ? Float.intBitsToFloat(rounded) : tf32Special(value);
  }

  /** {@code cvt.rz.tf32.f32}: towards zero. */
  public static float toTf32Rz(float value) {
    int bits = Float.floatToRawIntBits(value);
    return isFinite(bits) ? Float.intBitsToFloat(bits & ~0x1fff) : tf32Special(value);
  }

  /** {@code .sat}: into [0, 1]; NaN becomes +0. */
  public static int saturate(int a) {
    int bits = a & 0xffff;
    return bits > INFINITY ? 0 : Math.min(bits, 0x3f80);
  }

  /** {@code .ftz}: a subnormal number becomes zero of its sign. */
  public static int flush(int a) {
    return (a & INFINITY) == 0 ? a & 0x8000 : a & 0xffff;
  }

  /** {@code .relu}: not below +0; NaN becomes the canonical NaN. */
  public static int relu(int a) {
    if (isNan(a)) {
      return NAN;
    }
    return (a & 0x8000) == 0 ? a & 0xffff : 0;
  }

  /** {@code neg.bf16}. */
  public static int neg(int a) {
    return isNan(a) ? NAN : (a ^ 0x8000) & 0xffff;
  }

  /** {@code abs.bf16}. */
  public static int abs(int a) {
    return isNan(a) ? NAN : a & 0x7fff;
  }

  /** Whether it is a NaN. */
  public static boolean isNan(int a) {
    return (a & 0x7fff) > INFINITY;
  }

  /** Truncates, and moves away from zero if bits are lost and the sign is the given one. */
  private static int away(float value, int sign) {
    int bits = Float.floatToRawIntBits(value);
    return ((bits & 0x8000_0000) == sign ? bits + 0xffff : bits) >>> 16;
  }

  private static boolean isFinite(int floatBits) {
    return (floatBits & 0x7f80_0000) != 0x7f80_0000;
  }

  private static float tf32Special(float value) {
    return !Float.isNaN(value) ? value : Float.intBitsToFloat(FloatModifiers.NAN_F32);
  }
}
