// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.trace;

import java.util.ArrayList;
import java.util.List;

/**
 * Lays spans that may overlap into rows in which none do, the first that is free. Spans come in the
 * order of their beginnings.
 */
final class Rows {
  /** More rows than this nobody can read. */
  private static final int ROWS_MAX = 24;

  private final List<Long> ends = new ArrayList<>();

  /**
   * The row for a span.
   *
   * @return -1 if all rows are taken
   */
  int place(long begin, long end) {
    for (int row = 0; row < ends.size(); row++) {
      if (ends.get(row) <= begin) {
        ends.set(row, end);
        return row;
      }
    }
    if (ends.size() == ROWS_MAX) {
      return -1;
    }
    ends.add(end);
    return ends.size() - 1;
  }

  /** How many rows were needed. */
  int count() {
    return ends.size();
  }
}
