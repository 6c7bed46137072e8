// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Source lines of a kernel, numbered in the order of their first use: the class file's line numbers
 * have 16 bits, and what a fault needs is the line in the CUDA source, not in the PTX.
 */
final class SourceLines {
  private static final int MAX = 65_535;
  private final Map<Integer, Integer> numbers = new HashMap<>();
  private final List<Integer> lines = new ArrayList<>(List.of(0));

  /** The number that stands for a source line, from 1; 0 if there is none. */
  int number(int sourceLine) {
    if (sourceLine <= 0) {
      return 0;
    }
    Integer known = numbers.get(sourceLine);
    if (known != null) {
      return known;
    }
    if (lines.size() > MAX) {
      return 0;
    }
    lines.add(sourceLine);
    numbers.put(sourceLine, lines.size() - 1);
    return lines.size() - 1;
  }

  /** Source line of each number. */
  int[] toArray() {
    return lines.stream().mapToInt(Integer::intValue).toArray();
  }
}
