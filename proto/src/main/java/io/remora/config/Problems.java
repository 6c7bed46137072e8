// SPDX-License-Identifier: Apache-2.0
package io.remora.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.nodes.Node;

/** The mistakes found so far in one file. */
final class Problems {
  private record Problem(int line, int column, String message) {}

  private final String file;
  private final List<Problem> found = new ArrayList<>();

  Problems(String file) {
    this.file = file;
  }

  String file() {
    return file;
  }

  void add(Optional<Mark> place, String message) {
    int line = place.map(Mark::getLine).orElse(0) + 1;
    int column = place.map(Mark::getColumn).orElse(0) + 1;
    found.add(new Problem(line, column, message));
  }

  void add(Node node, String message) {
    add(node.getStartMark(), message);
  }

  boolean isEmpty() {
    return found.isEmpty();
  }

  ConfigException toException() {
    return new ConfigException(
        found.stream()
            .sorted(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column))
            .map(p -> file + ":" + p.line + ":" + p.column + ": " + p.message)
            .distinct()
            .toList());
  }
}
