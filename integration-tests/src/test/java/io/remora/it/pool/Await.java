// SPDX-License-Identifier: Apache-2.0
package io.remora.it.pool;

import java.time.Duration;
import java.util.concurrent.Callable;

/** Waits for conditions that nothing announces, by looking often. */
final class Await {
  private static final Duration TIME_MAX = Duration.ofSeconds(30);

  private Await() {}

  /** Runs {@code attempt} until it doesn't throw. */
  static <T> T success(Callable<T> attempt) {
    long start = System.nanoTime();
    while (true) {
      try {
        return attempt.call();
      } catch (Exception | AssertionError e) {
        if (System.nanoTime() - start > TIME_MAX.toNanos()) {
          throw new AssertionError("not within " + TIME_MAX, e);
        }
        Thread.yield();
      }
    }
  }
}
