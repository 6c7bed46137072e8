// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import io.remora.ptx.ir.PtxType;

/**
 * A binary floating-point format.
 *
 * @param precision significant bits, the hidden one included
 * @param exponents bits of the exponent
 */
record Format(int precision, int exponents) {
  static final Format F16 = new Format(11, 5);
  static final Format BF16 = new Format(8, 8);
  static final Format F32 = new Format(24, 8);
  static final Format F64 = new Format(53, 11);

  static Format of(PtxType type) {
    return switch (type) {
      case F16, F16X2 -> F16;
      case BF16, BF16X2 -> BF16;
      case F32 -> F32;
      default -> F64;
    };
  }

  int bits() {
    return precision + exponents;
  }

  /** Exponent of the last bit of subnormal numbers. */
  int least() {
    return 3 - precision - (1 << (exponents - 1));
  }

  long infinity(boolean negative) {
    return sign(negative) | ((1L << exponents) - 1) << (precision - 1);
  }

  long nan() {
    return (1L << (bits() - 1)) - 1;
  }

  long largest(boolean negative) {
    return infinity(negative) - 1;
  }

  long sign(boolean negative) {
    return negative ? 1L << (bits() - 1) : 0;
  }

  boolean isNegative(long bits) {
    return (bits >>> (bits() - 1) & 1) != 0;
  }

  private long magnitude(long bits) {
    return bits & nan();
  }

  boolean isNan(long bits) {
    return magnitude(bits) > infinity(false);
  }

  boolean isInfinite(long bits) {
    return magnitude(bits) == infinity(false);
  }

  boolean isZero(long bits) {
    return magnitude(bits) == 0;
  }

  boolean isSubnormal(long bits) {
    return !isZero(bits) && magnitude(bits) < 1L << (precision - 1);
  }

  /** A subnormal number becomes zero of its sign. */
  long flush(long bits) {
    return isSubnormal(bits) ? sign(isNegative(bits)) : bits;
  }

  /** The exact value of a finite number. */
  Exact value(long bits) {
    long fraction = bits & ((1L << (precision - 1)) - 1);
    int exponent = (int) (magnitude(bits) >>> (precision - 1));
    if (exponent > 0) {
      fraction |= 1L << (precision - 1);
    }
    return Exact.of(isNegative(bits) ? -fraction : fraction, least() + Math.max(0, exponent - 1));
  }

  /** One. */
  long one() {
    return (long) ((1 << (exponents - 1)) - 1) << (precision - 1);
  }
}
