// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.cli.doctor.Finding;
import java.io.PrintWriter;
import java.util.List;

/** Prints findings as they come. */
final class DoctorReport {
  private static final int SUBJECT_WIDTH = 12;

  private final PrintWriter out;
  private final Palette palette;
  private int warnings;
  private int failures;

  DoctorReport(PrintWriter out, Palette palette) {
    this.out = out;
    this.palette = palette;
  }

  void add(List<Finding> findings) {
    for (Finding finding : findings) {
      String mark =
          switch (finding.verdict()) {
            case GOOD -> palette.green("✓");
            case WARNING -> palette.yellow("!");
            case BAD -> palette.red("✗");
          };
      switch (finding.verdict()) {
        case GOOD -> {}
        case WARNING -> warnings++;
        case BAD -> failures++;
      }
      String gap = " ".repeat(Math.max(1, SUBJECT_WIDTH - finding.subject().length()));
      out.println(mark + " " + palette.bold(finding.subject()) + gap + finding.text());
      if (!finding.remedy().isEmpty()) {
        out.println("  " + " ".repeat(SUBJECT_WIDTH) + "→ " + finding.remedy());
      }
      out.flush();
    }
  }

  /** Whether nothing was bad so far. */
  boolean isGood() {
    return failures == 0;
  }

  void end() {
    out.println();
    if (failures > 0) {
      out.println(palette.red("Not in order: do what the arrow says, and run this again."));
    } else if (warnings > 0) {
      out.println(palette.yellow("It works; mind the lines with '!'."));
    } else {
      out.println(palette.green("All in order."));
    }
    out.flush();
  }
}
