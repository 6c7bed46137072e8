// SPDX-License-Identifier: Apache-2.0
package io.remora.config;

import java.util.List;

/** A file was refused: every mistake in it, one a line, each with its place. */
public final class ConfigException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final List<String> problems;

  /**
   * @param problems at least one, each like {@code server.yaml:3:9: ...}
   */
  public ConfigException(List<String> problems) {
    super(String.join(System.lineSeparator(), problems));
    this.problems = List.copyOf(problems);
  }

  /** The mistakes, in the order of their places. */
  public List<String> problems() {
    return problems;
  }
}
