// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class TimeHistogramTest {
  @Test
  void aTimeCountsInTheFirstBucketWhoseBoundItDoesNotExceed() {
    for (long nanos : new long[] {0, 1, 1024, 1025, 2048, 2049, 1L << 34, (1L << 34) + 1}) {
      TimeHistogram histogram = new TimeHistogram();
      histogram.add(nanos);
      int bucket = 0;
      while (TimeHistogram.boundNanos(bucket) < nanos) {
        bucket++;
      }
      assertThat(histogram.count(bucket)).as("%d ns in bucket %d", nanos, bucket).isEqualTo(1);
      assertThat(histogram.sumNanos()).isEqualTo(nanos);
    }
  }

  @Test
  void aQuantileIsTheBoundAboveTheExactOne() {
    long seed = Long.getLong("seed", 11);
    System.out.println("seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    long[] times = random.longs(1000, 0, 1L << random.nextInt(12, 33)).toArray();
    TimeHistogram histogram = new TimeHistogram();
    Arrays.stream(times).forEach(histogram::add);
    Arrays.sort(times);
    for (double part : new double[] {0.5, 0.9, 0.99}) {
      long exact = times[(int) Math.ceil(part * times.length) - 1];
      assertThat(histogram.quantileNanos(part))
          .isGreaterThanOrEqualTo(exact)
          .isLessThanOrEqualTo(Math.max(1024, 2 * exact));
    }
    assertThat(new TimeHistogram().quantileNanos(0.5)).isZero();
  }

  @Test
  void aDifferenceHasOnlyWhatCameSince() {
    TimeHistogram histogram = new TimeHistogram();
    histogram.add(5000);
    TimeHistogram before = histogram.copy();
    histogram.add(2_000_000);
    TimeHistogram since = histogram.minus(before);
    assertThat(since.sumNanos()).isEqualTo(2_000_000);
    assertThat(since.quantileNanos(0.5)).isEqualTo(1L << 21);
  }
}
