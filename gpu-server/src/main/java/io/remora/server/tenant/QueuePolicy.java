// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import java.time.Duration;

/**
 * What becomes of a session's work when much of it waits already.
 *
 * @param whenFull what happens to work that finds the queue full, or waits too long
 * @param callsMax works that a session may have in the queue and in flight
 * @param bytesMax bytes of host memory that they may hold
 * @param timeout with {@link WhenFull#TIMEOUT}: work that has not started so long after it came is
 *     refused
 */
public record QueuePolicy(WhenFull whenFull, int callsMax, long bytesMax, Duration timeout) {
  /** The most works that can be allowed. */
  public static final int CALLS_MAX = 1 << 20;

  /** The most bytes that can be allowed. */
  public static final long BYTES_MAX = 16L << 30;

  /**
   * Some seconds of small kernels, or what a fast network brings in 50 ms; the client waits then.
   */
  public static final QueuePolicy DEFAULT =
      new QueuePolicy(WhenFull.BLOCK, 8192, 64L << 20, Duration.ofSeconds(10));

  /** The policies. */
  public enum WhenFull {
    /** The client waits until there is room. */
    BLOCK,
    /** Work that finds the queue full is refused. */
    REJECT,
    /** The client waits for room, and work that waits longer than the timeout is refused. */
    TIMEOUT
  }
}
