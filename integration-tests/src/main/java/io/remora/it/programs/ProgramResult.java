// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import java.util.Locale;

/**
 * What a run found.
 *
 * @param program name of the program
 * @param elementsChecked how many values were compared with the reference
 * @param worstError the greatest error, in the measure that {@code toleranceReason} names; infinite
 *     if a value was NaN where the reference is a number
 * @param tolerance the greatest error that is right
 * @param toleranceReason why that much, in a few words
 */
public record ProgramResult(
    String program,
    long elementsChecked,
    double worstError,
    double tolerance,
    String toleranceReason) {

  /** Whether something was checked and all of it was right. */
  public boolean passed() {
    return elementsChecked > 0 && worstError <= tolerance;
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s: %s, %d values, worst error %.3g of %.3g allowed (%s)",
        program,
        passed() ? "right" : "WRONG",
        elementsChecked,
        worstError,
        tolerance,
        toleranceReason);
  }
}
