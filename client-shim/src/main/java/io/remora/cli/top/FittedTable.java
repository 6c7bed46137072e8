// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.top;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * A table that fits: where the width isn't enough, columns go, the least important first, and what
 * is left is cut at the edge. Paint is put on after the cells were cut, so that it takes no width.
 */
final class FittedTable {
  private static final String GAP = "  ";

  /**
   * A column.
   *
   * @param importance the higher, the longer it stays
   */
  record Column(String heading, boolean right, int importance) {
    static Column left(String heading, int importance) {
      return new Column(heading, false, importance);
    }

    static Column right(String heading, int importance) {
      return new Column(heading, true, importance);
    }
  }

  /** A text and how it is painted. */
  record Cell(String text, UnaryOperator<String> paint) {
    static Cell of(String text) {
      return new Cell(text, UnaryOperator.identity());
    }
  }

  private final List<Column> columns;
  private final List<List<Cell>> rows = new ArrayList<>();

  FittedTable(Column... columns) {
    this(List.of(columns));
  }

  FittedTable(List<Column> columns) {
    this.columns = List.copyOf(columns);
  }

  void row(List<Cell> cells) {
    if (cells.size() != columns.size()) {
      throw new IllegalArgumentException(cells.size() + " cells for " + columns.size());
    }
    rows.add(List.copyOf(cells));
  }

  /**
   * The lines, the first with the headings.
   *
   * @param headingPaint paints the headings
   */
  List<String> lines(int width, UnaryOperator<String> headingPaint) {
    List<Integer> shown = shown(width);
    List<String> lines = new ArrayList<>();
    List<Cell> headings =
        columns.stream().map(column -> new Cell(column.heading(), headingPaint)).toList();
    lines.add(line(headings, shown, width));
    rows.forEach(row -> lines.add(line(row, shown, width)));
    return lines;
  }

  private List<Integer> shown(int width) {
    List<Integer> shown = new ArrayList<>();
    for (int i = 0; i < columns.size(); i++) {
      shown.add(i);
    }
    while (shown.size() > 1 && widthOf(shown) > width) {
      Integer least =
          shown.stream()
              .min(Comparator.comparingInt(i -> columns.get(i).importance()))
              .orElseThrow();
      shown.remove(least);
    }
    return shown;
  }

  private int widthOf(List<Integer> shown) {
    return shown.stream().mapToInt(this::width).sum() + GAP.length() * (shown.size() - 1);
  }

  private int width(int column) {
    int heading = columns.get(column).heading().length();
    return Math.max(
        heading, rows.stream().mapToInt(row -> row.get(column).text().length()).max().orElse(0));
  }

  private String line(List<Cell> cells, List<Integer> shown, int width) {
    StringBuilder line = new StringBuilder();
    int used = 0;
    for (int place = 0; place < shown.size(); place++) {
      int column = shown.get(place);
      Cell cell = cells.get(column);
      String gap = place == 0 ? "" : GAP;
      int room = Math.max(0, width - used - gap.length());
      String text = cut(cell.text(), room);
      int missing = Math.min(room, width(column)) - text.length();
      boolean right = columns.get(column).right();
      boolean last = place == shown.size() - 1;
      line.append(gap).append(right ? " ".repeat(missing) : "").append(cell.paint().apply(text));
      line.append(right || last ? "" : " ".repeat(missing));
      used += gap.length() + text.length() + missing;
    }
    return line.toString();
  }

  /** A text that is not wider than a number of characters. */
  static String cut(String text, int width) {
    if (text.length() <= width) {
      return text;
    }
    return width < 1 ? "" : text.substring(0, width - 1) + "…";
  }
}
