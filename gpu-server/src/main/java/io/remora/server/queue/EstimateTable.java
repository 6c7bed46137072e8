// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

/**
 * What work of one lane took so far, by {@link Work#estimateKey}: a moving average for each key in
 * a table of fixed size. A key that finds no room takes the place of another, which then starts
 * anew: an estimate may be lost, memory can't grow. Guarded by the queue's lock.
 */
final class EstimateTable {
  private static final int SLOTS = 512;
  private static final int PROBES = 4;

  // One new measurement counts for a quarter: a kernel whose length changes is followed within a
  // few launches, and one outlier doesn't upset the order.
  private static final int SMOOTHING_SHIFT = 2;

  private final long[] keys = new long[SLOTS];
  private final long[] nanos = new long[SLOTS];
  private long average;
  private boolean anyMeasured;

  /** {@code average} is taken for keys that are not known, until something was measured. */
  EstimateTable(long average) {
    this.average = average;
  }

  /** Expected device time of work with this key, at least 1. */
  long estimate(long key) {
    int slot = find(key);
    return slot < 0 ? average : nanos[slot];
  }

  /** Takes a measurement in. */
  void measured(long key, long deviceNanos) {
    long value = Math.max(1, deviceNanos);
    average = anyMeasured ? Math.max(1, average + ((value - average) >> SMOOTHING_SHIFT)) : value;
    anyMeasured = true;
    int slot = find(key);
    if (slot >= 0) {
      nanos[slot] = Math.max(1, nanos[slot] + ((value - nanos[slot]) >> SMOOTHING_SHIFT));
      return;
    }
    slot = freeSlot(key);
    keys[slot] = key;
    nanos[slot] = value;
  }

  private int find(long key) {
    int home = home(key);
    for (int probe = 0; probe < PROBES; probe++) {
      int slot = (home + probe) & (SLOTS - 1);
      if (keys[slot] == key) {
        return slot;
      }
    }
    return -1;
  }

  private int freeSlot(long key) {
    int home = home(key);
    for (int probe = 0; probe < PROBES; probe++) {
      int slot = (home + probe) & (SLOTS - 1);
      if (keys[slot] == Work.FREE) {
        return slot;
      }
    }
    return home;
  }

  private static int home(long key) {
    long mixed = key * 0x9E3779B97F4A7C15L;
    return (int) (mixed >>> 55) & (SLOTS - 1);
  }
}
