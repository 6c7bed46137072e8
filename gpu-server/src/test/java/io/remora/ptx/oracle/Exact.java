// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import java.math.BigInteger;

/**
 * A number {@code mantissa * 2^exponent}, exact but for quotients and roots: these have far more
 * bits than any format, and the last bit is set if there would be more.
 */
record Exact(BigInteger mantissa, int exponent) {
  private static final int EXTRA_BITS = 200;

  static Exact of(long mantissa, int exponent) {
    return new Exact(BigInteger.valueOf(mantissa), exponent);
  }

  static Exact of(BigInteger value) {
    return new Exact(value, 0);
  }

  Exact plus(Exact other) {
    int least = Math.min(exponent, other.exponent);
    return new Exact(at(least).add(other.at(least)), least);
  }

  Exact times(Exact other) {
    return new Exact(mantissa.multiply(other.mantissa), exponent + other.exponent);
  }

  Exact dividedBy(Exact other) {
    BigInteger[] parts =
        mantissa.abs().shiftLeft(EXTRA_BITS).divideAndRemainder(other.mantissa.abs());
    BigInteger quotient = sticky(parts[0], parts[1]);
    boolean negative = mantissa.signum() * other.mantissa.signum() < 0;
    return new Exact(
        negative ? quotient.negate() : quotient, exponent - other.exponent - EXTRA_BITS);
  }

  Exact root() {
    int shift = EXTRA_BITS + (exponent & 1);
    BigInteger[] parts = mantissa.shiftLeft(shift).sqrtAndRemainder();
    return new Exact(sticky(parts[0], parts[1]), (exponent - shift) / 2);
  }

  private static BigInteger sticky(BigInteger value, BigInteger remainder) {
    return remainder.signum() == 0 ? value : value.setBit(0);
  }

  private BigInteger at(int least) {
    return mantissa.shiftLeft(exponent - least);
  }

  int compare(Exact other) {
    int least = Math.min(exponent, other.exponent);
    return at(least).compareTo(other.at(least));
  }

  boolean isZero() {
    return mantissa.signum() == 0;
  }

  /** The nearest integer in a direction: {@code rn}, {@code rz}, {@code rm} or {@code rp}. */
  BigInteger toInteger(String mode) {
    return exponent >= 0
        ? mantissa.shiftLeft(exponent)
        : signed(dropBits(mantissa.abs(), -exponent, mode, mantissa.signum() < 0));
  }

  private BigInteger signed(BigInteger magnitude) {
    return mantissa.signum() < 0 ? magnitude.negate() : magnitude;
  }

  /** The bits of the number of a format that this one rounds to; zero becomes +0. */
  long round(Format format, String mode) {
    boolean negative = mantissa.signum() < 0;
    BigInteger magnitude = mantissa.abs();
    int last = Math.max(format.least(), exponent + magnitude.bitLength() - format.precision());
    BigInteger kept =
        last >= exponent
            ? dropBits(magnitude, last - exponent, mode, negative)
            : magnitude.shiftLeft(exponent - last);
    if (kept.bitLength() > format.precision()) {
      kept = kept.shiftRight(1); // It was rounded up to a power of two.
      last++;
    }
    long fraction = kept.longValueExact();
    boolean normal = fraction >>> (format.precision() - 1) != 0;
    // A subnormal number has the exponent field 0, as if the hidden bit were missing.
    long field = normal ? last - format.least() + 1L : 0;
    if (field >= (1L << format.exponents()) - 1) {
      boolean away = mode.equals("rn") || mode.equals(negative ? "rm" : "rp");
      return away ? format.infinity(negative) : format.largest(negative);
    }
    long hidden = normal ? 1L << (format.precision() - 1) : 0;
    return format.sign(negative) | field << (format.precision() - 1) | fraction - hidden;
  }

  private static BigInteger dropBits(
      BigInteger magnitude, int count, String mode, boolean negative) {
    BigInteger kept = magnitude.shiftRight(count);
    BigInteger dropped = magnitude.subtract(kept.shiftLeft(count));
    if (dropped.signum() == 0) {
      return kept;
    }
    int half = count == 0 ? 0 : dropped.compareTo(BigInteger.ONE.shiftLeft(count - 1));
    boolean up =
        switch (mode) {
          case "rn" -> half > 0 || half == 0 && kept.testBit(0);
          case "rm" -> negative;
          case "rp" -> !negative;
          default -> false;
        };
    return up ? kept.add(BigInteger.ONE) : kept;
  }
}
