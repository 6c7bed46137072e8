// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

/**
 * Bytes a second of all sessions of a tenant in one direction. Whoever has moved bytes is told how
 * long to pause; a tenth of a second's worth passes without a pause after a silence. Any thread may
 * call.
 */
public final class RateLimit {
  private static final long NANOS_PER_SECOND = 1_000_000_000;
  private static final long BURST_NANOS = NANOS_PER_SECOND / 10;

  /** When everything that was moved so far should have been, at the allowed speed. */
  private long dueNanos;

  private boolean begun;
  private long bytesPerSecond;

  /**
   * @param bytesPerSecond 0: no limit
   */
  RateLimit(long bytesPerSecond) {
    this.bytesPerSecond = bytesPerSecond;
  }

  synchronized void change(long newBytesPerSecond) {
    bytesPerSecond = newBytesPerSecond;
  }

  /**
   * Counts bytes that have been moved.
   *
   * @param nowNanos as {@link System#nanoTime}
   * @return for how many nanoseconds no more should be moved
   */
  public synchronized long moved(long bytes, long nowNanos) {
    if (bytesPerSecond == 0) {
      begun = false;
      return 0;
    }
    if (!begun || dueNanos - nowNanos < -BURST_NANOS) {
      dueNanos = nowNanos - BURST_NANOS;
      begun = true;
    }
    dueNanos += Math.round((double) bytes * NANOS_PER_SECOND / bytesPerSecond);
    return Math.max(0, dueNanos - nowNanos);
  }
}
