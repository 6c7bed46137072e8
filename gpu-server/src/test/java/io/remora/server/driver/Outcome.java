// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** How a work ended, for tests that wait for it. */
final class Outcome implements WorkObserver {
  private final CountDownLatch done = new CountDownLatch(1);
  private final AtomicInteger times = new AtomicInteger();
  private volatile int result;
  private volatile long deviceNanos;

  @Override
  public void onDone(int endResult, long nanos) {
    result = endResult;
    deviceNanos = nanos;
    times.incrementAndGet();
    done.countDown();
  }

  boolean isDone() {
    return done.getCount() == 0;
  }

  /** Waits for the end and returns its result. */
  int await() {
    try {
      assertThat(done.await(20, TimeUnit.SECONDS)).as("the work has ended").isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    assertThat(times).as("times told").hasValue(1);
    return result;
  }

  long deviceNanos() {
    return deviceNanos;
  }
}
