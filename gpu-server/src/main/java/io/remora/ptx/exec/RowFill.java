// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import java.util.Arrays;

/** Keeps registers of a row of threads that change by a constant step; for compiled code. */
public final class RowFill {
  private RowFill() {}

  /**
   * Keeps a 32-bit integer.
   *
   * @param frame where it is kept
   * @param at place of the first thread's
   * @param span threads of the row, minus one
   * @param first value of the first thread
   * @param step from each thread to the next
   */
  public static void fill(int[] frame, int at, int span, int first, int step) {
    if (step == 0) {
      Arrays.fill(frame, at, at + span + 1, first);
      return;
    }
    int value = first;
    for (int i = at; i <= at + span; i++) {
      frame[i] = value;
      value += step;
    }
  }

  /** Keeps a 64-bit integer; see the other. */
  public static void fill(long[] frame, int at, int span, long first, int step) {
    if (step == 0) {
      Arrays.fill(frame, at, at + span + 1, first);
      return;
    }
    long value = first;
    for (int i = at; i <= at + span; i++) {
      frame[i] = value;
      value += step;
    }
  }

  /** Keeps a float that all threads share. */
  public static void fill(float[] frame, int at, int span, float value) {
    Arrays.fill(frame, at, at + span + 1, value);
  }

  /** Keeps a double that all threads share. */
  public static void fill(double[] frame, int at, int span, double value) {
    Arrays.fill(frame, at, at + span + 1, value);
  }
}
