// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.Executor;

/** A clock that stands still until everything that is due has happened. One thread. */
final class SimulatedTime implements Executor {
  private record Event(long atNanos, long number, Runnable action) {}

  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          Comparator.comparingLong(Event::atNanos).thenComparingLong(Event::number));

  private long nowNanos;
  private long numbers;

  long nanos() {
    return nowNanos;
  }

  void after(long nanos, Runnable action) {
    events.add(new Event(nowNanos + nanos, numbers++, action));
  }

  @Override
  public void execute(Runnable action) {
    after(0, action);
  }

  /** Lets the next thing happen; false if there is nothing any more. */
  boolean step() {
    Event event = events.poll();
    if (event == null) {
      return false;
    }
    nowNanos = event.atNanos();
    event.action().run();
    return true;
  }

  long steps() {
    return numbers - events.size();
  }
}
