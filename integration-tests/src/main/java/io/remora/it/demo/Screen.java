// SPDX-License-Identifier: Apache-2.0
package io.remora.it.demo;

import io.remora.cli.Palette;
import java.io.PrintWriter;
import java.util.List;

/** The demo's output: labelled lines, ticks, and figures of two tenants side by side. */
final class Screen {
  private static final int LABEL_WIDTH = 10;
  private static final int FIGURE_LABEL_WIDTH = 32;
  private static final int FIGURE_WIDTH = 12;
  private static final int TICK_WIDTH = 24;
  private static final int TICKS_IN_LINE = 3;

  private final PrintWriter out;
  private final Palette palette;

  Screen(PrintWriter out, Palette palette) {
    this.out = out;
    this.palette = palette;
  }

  void heading(String text) {
    out.println();
    out.println(palette.bold(text));
    out.flush();
  }

  void line(String text) {
    out.println(text);
    out.flush();
  }

  void labelled(String label, String text) {
    line("  " + palette.faint(pad(label, LABEL_WIDTH)) + text);
  }

  /** Names with a tick or a cross, several in a line. */
  void ticks(List<Tick> ticks) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < ticks.size(); i++) {
      line.append(line.isEmpty() ? "  " : "").append(mark(ticks.get(i).good())).append(' ');
      boolean last = i % TICKS_IN_LINE == TICKS_IN_LINE - 1 || i == ticks.size() - 1;
      line.append(last ? ticks.get(i).name() : pad(ticks.get(i).name(), TICK_WIDTH));
      if (last) {
        line(line.toString());
        line.setLength(0);
      }
    }
  }

  /** What was looked at, and whether it was right. */
  record Tick(String name, boolean good) {}

  /** One figure of each tenant. */
  void figures(String label, String... values) {
    StringBuilder line = new StringBuilder("  " + palette.faint(pad(label, FIGURE_LABEL_WIDTH)));
    for (String value : values) {
      line.append(" ".repeat(Math.max(1, FIGURE_WIDTH - value.length()))).append(value);
    }
    line(line.toString());
  }

  /** The same, emphasised. */
  void mainFigures(String label, String... values) {
    StringBuilder line = new StringBuilder("  " + pad(label, FIGURE_LABEL_WIDTH));
    for (String value : values) {
      line.append(" ".repeat(Math.max(1, FIGURE_WIDTH - value.length())));
      line.append(palette.bold(value));
    }
    line(line.toString());
  }

  String mark(boolean good) {
    return good ? palette.green("✓") : palette.red("✗");
  }

  void pass() {
    line("");
    line(palette.green("PASS"));
  }

  void fail(String reason) {
    line("");
    line(palette.red("FAIL") + ": " + reason.replace("\n", "\n  "));
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(Math.max(1, width - text.length()));
  }
}
