// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/**
 * Rounds numbers to a floating-point format by plain arithmetic, to nearest and ties to even.
 *
 * @param mantissaBits bits behind the point
 * @param exponentMin exponent of the least normal number
 * @param max greatest finite number
 * @param clamps whether larger numbers become {@code max}, else infinite
 */
record NarrowFloat(int mantissaBits, int exponentMin, double max, boolean clamps) {
  static final NarrowFloat HALF = new NarrowFloat(10, -14, 65504, false);
  static final NarrowFloat BFLOAT = new NarrowFloat(7, -126, 0x1.fep127, false);
  static final NarrowFloat E4M3 = new NarrowFloat(3, -6, 448, true);
  static final NarrowFloat E5M2 = new NarrowFloat(2, -14, 57344, true);

  double round(double value) {
    if (value == 0 || Double.isNaN(value)) {
      return value;
    }
    int exponent = Math.max(Math.getExponent(value), exponentMin);
    double unit = Math.scalb(1.0, exponent - mantissaBits);
    double rounded = Math.rint(value / unit) * unit;
    if (Math.abs(rounded) <= max) {
      return rounded;
    }
    return Math.copySign(clamps ? max : Double.POSITIVE_INFINITY, value);
  }
}
