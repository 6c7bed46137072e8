// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench.sharing;

import java.util.ArrayList;
import java.util.List;

/**
 * Device time of one tenant, in buckets of time, so that every window of a second can be looked at
 * and not only those that begin with a second. Written under the device's lock.
 */
final class Windows {
  static final long BUCKET_NANOS = 20_000_000;
  static final int BUCKETS_PER_SECOND = (int) (1_000_000_000 / BUCKET_NANOS);

  private final List<long[]> blocks = new ArrayList<>();
  private final long beginNanos;

  Windows(long beginNanos) {
    this.beginNanos = beginNanos;
  }

  void add(long fromNanos, long toNanos) {
    long at = Math.max(0, fromNanos - beginNanos);
    long end = toNanos - beginNanos;
    while (at < end) {
      int bucket = (int) (at / BUCKET_NANOS);
      long until = Math.min(end, (bucket + 1) * BUCKET_NANOS);
      bucket(bucket)[bucket % 1024] += until - at;
      at = until;
    }
  }

  private long[] bucket(int number) {
    while (blocks.size() <= number / 1024) {
      blocks.add(new long[1024]);
    }
    return blocks.get(number / 1024);
  }

  /** Device time in buckets from one to another, which is excluded. */
  long sum(int from, int to) {
    long sum = 0;
    for (int bucket = from; bucket < to; bucket++) {
      sum += bucket(bucket)[bucket % 1024];
    }
    return sum;
  }
}
