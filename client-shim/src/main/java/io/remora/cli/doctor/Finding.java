// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.doctor;

/**
 * What one check found out.
 *
 * @param verdict how it is
 * @param subject what was looked at, one or two words
 * @param text what was found
 * @param remedy what to do; empty if there is nothing to do
 */
public record Finding(Verdict verdict, String subject, String text, String remedy) {
  /** How it is. */
  public enum Verdict {
    /** In order. */
    GOOD,
    /** It works, but somebody should know. */
    WARNING,
    /** It does not work. */
    BAD
  }

  /** In order. */
  public static Finding good(String subject, String text) {
    return new Finding(Verdict.GOOD, subject, text, "");
  }

  /** It works, but somebody should know. */
  public static Finding warning(String subject, String text, String remedy) {
    return new Finding(Verdict.WARNING, subject, text, remedy);
  }

  /** It does not work. */
  public static Finding bad(String subject, String text, String remedy) {
    return new Finding(Verdict.BAD, subject, text, remedy);
  }

  /** Whether the checks after this one make no sense. */
  public boolean isBad() {
    return verdict == Verdict.BAD;
  }
}
