// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

/**
 * How long works took: counts of times between powers of two, from a microsecond to some seconds. A
 * queue's own are guarded by its lock; what it gives away are copies.
 */
public final class TimeHistogram {
  /** The first bucket is up to 2^10 ns, which is about a microsecond. */
  private static final int FIRST_BITS = 10;

  /** Buckets with an upper bound: the last of them is 2^34 ns, 17 seconds. */
  public static final int BOUNDS = 25;

  private final long[] counts = new long[BOUNDS + 1];
  private long sumNanos;

  void add(long nanos) {
    counts[bucket(nanos)]++;
    sumNanos += nanos;
  }

  private static int bucket(long nanos) {
    int bits = Long.SIZE - Long.numberOfLeadingZeros(Math.max(1, nanos) - 1);
    return Math.min(Math.max(0, bits - FIRST_BITS), BOUNDS);
  }

  /** The largest time that counts in a bucket; {@link Long#MAX_VALUE} in the last one. */
  public static long boundNanos(int bucket) {
    return bucket < BOUNDS ? 1L << (bucket + FIRST_BITS) : Long.MAX_VALUE;
  }

  /** How many times are in a bucket, from 0 to {@link #BOUNDS}. */
  public long count(int bucket) {
    return counts[bucket];
  }

  /** All times together. */
  public long sumNanos() {
    return sumNanos;
  }

  TimeHistogram copy() {
    return minus(new TimeHistogram());
  }

  /** What came since an earlier copy. */
  public TimeHistogram minus(TimeHistogram earlier) {
    TimeHistogram difference = new TimeHistogram();
    for (int i = 0; i < counts.length; i++) {
      difference.counts[i] = counts[i] - earlier.counts[i];
    }
    difference.sumNanos = sumNanos - earlier.sumNanos;
    return difference;
  }

  /**
   * The bound below which a part of the times lies.
   *
   * @param part from 0 to 1, e.g. 0.99
   * @return 0 if there are no times
   */
  public long quantileNanos(double part) {
    long all = 0;
    for (long count : counts) {
      all += count;
    }
    double wanted = part * all;
    long seen = 0;
    for (int i = 0; i < counts.length; i++) {
      seen += counts[i];
      if (counts[i] > 0 && seen >= wanted) {
        return i < BOUNDS ? boundNanos(i) : boundNanos(BOUNDS - 1);
      }
    }
    return 0;
  }
}
