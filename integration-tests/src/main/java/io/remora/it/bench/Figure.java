// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench;

import java.util.Locale;

/**
 * One measured figure beside its floor.
 *
 * @param name what was measured
 * @param remote Remora's values, one for each round
 * @param floor the floor's values of the same rounds; empty where there is no floor
 * @param format of one number
 * @param factor from the measured unit to the one that is shown
 * @param unit that is shown
 */
record Figure(
    String name, double[] remote, double[] floor, String format, double factor, String unit) {
  Figure {
    remote = remote.clone();
    floor = floor.clone();
  }

  /** The table's head. */
  static String head() {
    return "| what | Remora, median (min–max) | raw socket, median (min–max) | ratio, median (min–max) |\n"
        + "|---|---|---|---|";
  }

  /** One line of the table. */
  String line() {
    String value = Spread.of(remote).format(format, factor) + " " + unit;
    if (floor.length == 0) {
      return String.format(Locale.ROOT, "| %s | %s | – | – |", name, value);
    }
    double[] ratios = new double[remote.length];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = remote[i] / floor[i];
    }
    return String.format(
        Locale.ROOT,
        "| %s | %s | %s %s | %s |",
        name,
        value,
        Spread.of(floor).format(format, factor),
        unit,
        Spread.of(ratios).format("%.2f", 1));
  }
}
