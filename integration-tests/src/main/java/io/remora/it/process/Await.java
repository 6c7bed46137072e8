// SPDX-License-Identifier: Apache-2.0
package io.remora.it.process;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for conditions that nothing announces, by looking often. */
public final class Await {
  /** Often beside what is waited for; others want the processors, too. */
  private static final long BETWEEN_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private static final Duration TIME_MAX = Duration.ofSeconds(60);

  private Await() {}

  /** As the other, for a minute. */
  public static <T> T success(Callable<T> attempt) {
    return success(TIME_MAX, attempt);
  }

  /** Waits a minute at most until something is so. */
  public static void holds(BooleanSupplier condition) {
    Object unused =
        success(
            () -> {
              if (!condition.getAsBoolean()) {
                throw new AssertionError("it doesn't hold");
              }
              return condition;
            });
  }

  /**
   * Runs {@code attempt} until it doesn't throw.
   *
   * @return what the attempt gave that didn't
   * @throws AssertionError if there was none in time, with what the last has thrown
   */
  public static <T> T success(Duration timeMax, Callable<T> attempt) {
    long start = System.nanoTime();
    while (true) {
      try {
        return attempt.call();
      } catch (Exception | AssertionError e) {
        if (System.nanoTime() - start > timeMax.toNanos()) {
          throw new AssertionError("not within " + timeMax, e);
        }
        LockSupport.parkNanos(BETWEEN_NANOS);
      }
    }
  }
}
