// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

/** Collects the errors of one run. Not thread-safe. */
final class Comparison {
  private long elements;
  private double worst;

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

  ProgramResult result(String program, double tolerance, String reason) {
    return new ProgramResult(program, elements, worst, tolerance, reason);
  }

  /** For results that are integers, or moved and not computed. */
  ProgramResult exactResult(String program) {
    return result(program, 0, "must be equal");
  }
}
