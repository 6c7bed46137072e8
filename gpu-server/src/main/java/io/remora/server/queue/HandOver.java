// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

/**
 * How long it takes to hand work over: from issuing it to a device that has nothing to do until its
 * end is known, less what it ran. So much must be in flight at least, or the device stands still
 * between two works. From it follow the bounds that are no fixed numbers. Guarded by the queue's
 * lock.
 */
final class HandOver {
  /** A guess until something is known: a wake-up of two threads. */
  private static final long FIRST_NANOS = 20_000;

  private static final long NANOS_MIN = 1_000;
  private static final long NANOS_MAX = 1_000_000;

  // A step of a 32nd follows a change within some hundred works; up steps are three times as large
  // as down steps, so that the value settles where three quarters of the hand-overs are shorter. An
  // outlier, be it a second long, is one step.
  private static final int STEP_PART = 32;
  private static final int UP_STEPS = 3;

  /** With one work at a time in flight, no more than a tenth of the time is lost. */
  private static final int LONG_WORK = 9;

  /** The device's reserve, in hand-overs, where nobody is in a hurry. */
  private static final int RESERVE = 4;

  private static final int SHARED_FACTOR_MAX = 8;

  private long nanos = FIRST_NANOS;

  /** Work that had the device to itself has ended. */
  void observed(long sampleNanos) {
    long step = Math.max(1, nanos / STEP_PART);
    long changed = sampleNanos > nanos ? nanos + UP_STEPS * step : nanos - step;
    nanos = Math.max(NANOS_MIN, Math.min(NANOS_MAX, changed));
  }

  /** What three quarters of the hand-overs take at most. */
  long nanos() {
    return nanos;
  }

  /**
   * The least that keeps the device busy, or nearly so: what a hand-over takes beside the work that
   * runs, and nothing beside one that is so long that the pause after it doesn't count.
   *
   * @param nextNanos estimate of the work to be issued
   */
  long leanBoundNanos(long nextNanos) {
    return Math.min(LONG_WORK * nanos, nanos + nextNanos);
  }

  /** The configured bound, or more if it doesn't cover the hand-over. */
  long sharedBoundNanos(long configuredNanos) {
    return Math.min(
        SHARED_FACTOR_MAX * configuredNanos, Math.max(configuredNanos, RESERVE * nanos));
  }
}
