// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import java.time.Duration;
import java.util.Locale;

/** Quantities as people read them: three digits and a unit. */
public final class Sizes {
  private static final String[] BYTE_UNITS = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};

  private Sizes() {}

  /** e.g. {@code 1.5 GiB}. */
  public static String bytes(double bytes) {
    double value = bytes;
    int unit = 0;
    while (value >= 1000 && unit < BYTE_UNITS.length - 1) {
      value /= 1024;
      unit++;
    }
    return number(value) + " " + BYTE_UNITS[unit];
  }

  /** e.g. {@code 0.14 ms}. */
  public static String time(Duration duration) {
    double micros = duration.toNanos() / 1e3;
    if (micros < 1000) {
      return number(micros) + " µs";
    }
    return micros < 1e6 ? number(micros / 1e3) + " ms" : number(micros / 1e6) + " s";
  }

  /** e.g. {@code 12,345}. */
  public static String count(long count) {
    return String.format(Locale.ROOT, "%,d", count);
  }

  private static String number(double value) {
    if (value == Math.rint(value) && value < 1000) {
      return String.format(Locale.ROOT, "%.0f", value);
    }
    int decimals = value < 10 ? 2 : value < 100 ? 1 : 0;
    return String.format(Locale.ROOT, "%." + decimals + "f", value);
  }
}
