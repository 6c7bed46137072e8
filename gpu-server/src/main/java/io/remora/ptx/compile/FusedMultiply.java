// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.exec.DeviceClock;

/**
 * Which method multiplies and adds floats with one rounding. {@link Math#fma} is one instruction
 * where the processor has it and big-number arithmetic where not; then the engine's own method is
 * far faster.
 */
final class FusedMultiply {
  private static final int PROBE_ROUNDS = 2000;
  private static final long PROBE_LIMIT_NANOS = 20_000_000;

  /** Name in {@link MathLibrary}. */
  static final String FLOAT = choose();

  private FusedMultiply() {}

  private static String choose() {
    long start = DeviceClock.nanos();
    float sum = 0;
    for (int i = 0; i < PROBE_ROUNDS; i++) {
      sum = Math.fma(sum, 0.5f, 1.0f);
    }
    // Even interpreted, rounds of one instruction are far below the limit; big numbers are above
    // it.
    boolean slow = DeviceClock.nanos() - start > PROBE_LIMIT_NANOS || sum < 0;
    return slow ? "DirectedFloat.fmaRn" : "Math.fma(FFF)";
  }
}
