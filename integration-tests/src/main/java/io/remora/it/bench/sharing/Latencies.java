// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench.sharing;

import java.util.Arrays;

/** Durations in nanoseconds; written by one thread. */
final class Latencies {
  private long[] values = new long[1 << 12];
  private int size;

  void add(long nanos) {
    if (size == values.length) {
      values = Arrays.copyOf(values, 2 * size);
    }
    values[size++] = nanos;
  }

  void clear() {
    size = 0;
  }

  int size() {
    return size;
  }

  /** The value that the given part of all does not exceed; 0 of none. */
  long quantile(double part) {
    if (size == 0) {
      return 0;
    }
    long[] sorted = Arrays.copyOf(values, size);
    Arrays.sort(sorted);
    return sorted[Math.min(size - 1, (int) Math.ceil(part * size) - 1)];
  }
}
