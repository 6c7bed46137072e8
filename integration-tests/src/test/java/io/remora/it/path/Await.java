// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import java.time.Duration;
import java.util.concurrent.Callable;

/** Waits for conditions that nothing announces, by looking often. */
final class Await {
  private Await() {}

  /** Runs {@code attempt} until it doesn't throw, and returns how long that took. */
  static Duration success(Duration timeMax, Callable<?> attempt) {
    long start = System.nanoTime();
    while (true) {
      try {
        attempt.call();
        return Duration.ofNanos(System.nanoTime() - start);
      } catch (Exception | AssertionError e) {
        if (System.nanoTime() - start > timeMax.toNanos()) {
          throw new AssertionError("not within " + timeMax, e);
        }
        Thread.onSpinWait();
      }
    }
  }
}
