// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

/** What others say of themselves, as it may go to the log. */
public final class LogText {
  private static final int CHARS_MAX = 200;

  private LogText() {}

  /** The beginning of a text, without line ends and control codes. */
  public static String printable(String text) {
    String start = text.length() > CHARS_MAX ? text.substring(0, CHARS_MAX) : text;
    return start.replaceAll("[^\\x20-\\x7e]", "?");
  }
}
