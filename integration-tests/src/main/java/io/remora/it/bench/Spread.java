// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench;

import java.util.Arrays;
import java.util.Locale;

/**
 * Several measurements of one figure. The machine is noisy, so a single number is never shown.
 *
 * @param min the least
 * @param median the middle one
 * @param max the greatest
 */
record Spread(double min, double median, double max) {
  /** The spread of at least one value. */
  static Spread of(double[] values) {
    if (values.length == 0) {
      throw new IllegalArgumentException("a spread needs at least one value");
    }
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return new Spread(sorted[0], sorted[sorted.length / 2], sorted[sorted.length - 1]);
  }

  /** {@code median (min–max)} with the given format for one number and a factor for the unit. */
  String format(String number, double factor) {
    return String.format(
        Locale.ROOT,
        number + " (" + number + "–" + number + ")",
        median * factor,
        min * factor,
        max * factor);
  }
}
