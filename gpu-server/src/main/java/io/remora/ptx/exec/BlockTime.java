// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

/**
 * How long one block of a kernel has taken lately: a hint whether a launch is worth waking helpers.
 * Updates by several launches at once may get lost, which does no harm.
 */
public final class BlockTime {
  private static final long UNKNOWN_NANOS = 1_000_000_000;
  private volatile long nanosPerBlock = UNKNOWN_NANOS;

  /** The estimate; very long for a kernel that has never run. */
  long nanosPerBlock() {
    return nanosPerBlock;
  }

  /** Adds a launch: thread time of all blocks together. */
  void add(long nanos, long blocks) {
    long now = nanos / Math.max(1, blocks);
    long before = nanosPerBlock;
    nanosPerBlock = before == UNKNOWN_NANOS ? now : (3 * before + now) / 4;
  }
}
