// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts things that end in the order in which they began, and wakes whoever waits for the n-th.
 * Beginnings and waiting belong to the session's serial executor; ends come from any thread.
 */
final class EndCounter {
  private final SerialExecutor serial;
  private final AtomicLong ended = new AtomicLong();
  private final List<Waiter> waiters = new ArrayList<>(0);

  /** Least count that somebody waits for. */
  private volatile long wakeAt = Long.MAX_VALUE;

  private long begun;

  private record Waiter(long count, Runnable then) {}

  EndCounter(SerialExecutor serial) {
    this.serial = serial;
  }

  /** Counts a beginning and returns its number, from 1. */
  long begin() {
    return ++begun;
  }

  /** Whether everything that began has ended. */
  boolean isIdle() {
    return ended.get() == begun;
  }

  /** The next in order has ended; any thread. */
  void oneEnded() {
    if (ended.incrementAndGet() >= wakeAt) {
      serial.signal(this::wake);
    }
  }

  /** The one with this number has ended, and with it what began before; any thread. */
  void ended(long number) {
    if (ended.accumulateAndGet(number, Math::max) >= wakeAt) {
      serial.signal(this::wake);
    }
  }

  /**
   * Runs {@code then} on the serial executor when all that has begun so far is over; at once if it
   * is.
   */
  void whenIdle(Runnable then) {
    if (isIdle()) {
      then.run();
      return;
    }
    waiters.add(new Waiter(begun, then));
    wakeAt = Math.min(wakeAt, begun);
    if (ended.get() >= wakeAt) {
      // The last one may have ended just before wakeAt was set.
      serial.signal(this::wake);
    }
  }

  private void wake() {
    wakeAt = Long.MAX_VALUE;
    long now = ended.get();
    List<Runnable> due = new ArrayList<>(waiters.size());
    long next = Long.MAX_VALUE;
    for (Iterator<Waiter> each = waiters.iterator(); each.hasNext(); ) {
      Waiter waiter = each.next();
      if (waiter.count() <= now) {
        each.remove();
        due.add(waiter.then());
      } else {
        next = Math.min(next, waiter.count());
      }
    }
    wakeAt = next;
    if (ended.get() >= next) {
      serial.signal(this::wake);
    }
    due.forEach(Runnable::run);
  }
}
