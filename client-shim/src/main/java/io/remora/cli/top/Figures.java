// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.top;

import io.remora.cli.Sizes;
import java.time.Duration;
import java.util.Locale;

/** Figures as short as columns want them. */
final class Figures {
  private static final int BAR_CELLS = 10;
  private static final String[] EIGHTHS = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};

  private Figures() {}

  static String percent(double part) {
    return String.format(Locale.ROOT, "%.1f %%", part * 100);
  }

  /** A share of somebody who asked for none is no share at all. */
  static String share(double asked, double part) {
    return asked == 0 ? "-" : percent(part);
  }

  static String bar(double part) {
    int eighths = (int) Math.round(Math.max(0, Math.min(1, part)) * BAR_CELLS * EIGHTHS.length);
    String full = "█".repeat(eighths / EIGHTHS.length);
    String bar = full + EIGHTHS[eighths % EIGHTHS.length];
    return bar + "·".repeat(BAR_CELLS - bar.length());
  }

  static String rate(double perSecond) {
    return perSecond < 10 && perSecond != Math.rint(perSecond)
        ? String.format(Locale.ROOT, "%.1f", perSecond)
        : Sizes.count(Math.round(perSecond));
  }

  /** A figure that not every device has. */
  static String quantity(boolean known, double value, String unit) {
    return known ? Sizes.count(Math.round(value)) + " " + unit : "-";
  }

  static String nanos(long nanos) {
    return nanos == 0 ? "-" : "≤ " + Sizes.time(Duration.ofNanos(nanos));
  }

  static String age(long millis) {
    long seconds = Math.max(0, millis / 1000);
    if (seconds < 60) {
      return seconds + " s";
    }
    if (seconds < 3600) {
      return seconds / 60 + " min";
    }
    return seconds < 86_400
        ? String.format(Locale.ROOT, "%d h %02d", seconds / 3600, seconds / 60 % 60)
        : seconds / 86_400 + " d " + seconds / 3600 % 24 + " h";
  }
}
