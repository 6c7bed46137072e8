// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/** Collects the errors of one run. Not thread-safe. */
final class Comparison {
  private long elements;
  private double worst;
  private int worstSlot = -1;

  /**
   * Compares a value; the error counts relative to {@code scale}.
   *
   * @param scale magnitude that the tolerance refers to; where it is 0 only equality is right
   */
  void check(double actual, double expected, double scale) {
    elements++;
    double difference = Math.abs(actual - expected);
    if (difference == 0) {
      return;
    }
    double error = difference / Math.abs(scale);
    worst = Math.max(worst, Double.isNaN(error) ? Double.POSITIVE_INFINITY : error);
  }

  /** Compares a value; the error counts relative to the expected one. */
  void checkRelative(double actual, double expected) {
    check(actual, expected, expected);
  }

  /** Compares a value; any difference is an error of its size. */
  void checkExact(long actual, long expected) {
    check(actual, expected, 1);
  }

  /** Compares one of several results of a thread, and remembers which slot was wrong first. */
  void checkSlot(int slot, long actual, long expected) {
    checkSlot(slot, actual == expected ? 0 : 1, 0, 1);
  }

  /** As {@link #check}, for one of several results of a thread. */
  void checkSlot(int slot, double actual, double expected, double scale) {
    double before = worst;
    check(actual, expected, scale);
    if (worst > before) {
      worstSlot = slot;
    }
  }

  ProgramResult result(String program, double tolerance, String reason) {
    String where = worst > tolerance && worstSlot >= 0 ? "; worst in slot " + worstSlot : "";
    return new ProgramResult(program, elements, worst, tolerance, reason + where);
  }

  /** For results that are integers, or moved and not computed. */
  ProgramResult exactResult(String program) {
    return result(program, 0, "must be equal");
  }
}
