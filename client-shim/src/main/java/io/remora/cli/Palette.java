// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

/** Colours for a terminal, or none. */
public final class Palette {
  /** Set to "true" by the launcher, which alone can ask whether standard output is a terminal. */
  private static final String PROPERTY = "remora.colour";

  private static final String ESCAPE = "\u001b[";

  private final boolean coloured;

  /**
   * @param coloured false answers every text as it is
   */
  public Palette(boolean coloured) {
    this.coloured = coloured;
  }

  /** For standard output. */
  public static Palette ofStandardOutput() {
    return new Palette(Boolean.getBoolean(PROPERTY));
  }

  /** Whether it paints at all. */
  boolean isColoured() {
    return coloured;
  }

  /** Good news. */
  public String green(String text) {
    return paint("32", text);
  }

  /** Something to look at. */
  public String yellow(String text) {
    return paint("33", text);
  }

  /** Bad news. */
  public String red(String text) {
    return paint("31", text);
  }

  /** A heading. */
  public String bold(String text) {
    return paint("1", text);
  }

  /** Less important than its surroundings. */
  public String faint(String text) {
    return paint("2", text);
  }

  private String paint(String code, String text) {
    return coloured ? ESCAPE + code + "m" + text + ESCAPE + "0m" : text;
  }
}
