// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.model;

import java.util.Comparator;
import java.util.PriorityQueue;

/**
 * A clock that jumps from one event to the next, so that a second of a model takes as long as its
 * events do and every run is the same. One thread, which is the one that calls {@link #advance}.
 */
public final class VirtualClock implements ModelClock {
  private record Event(long atNanos, long order, Runnable action) {}

  private final PriorityQueue<Event> events =
      new PriorityQueue<>(Comparator.comparingLong(Event::atNanos).thenComparing(Event::order));
  private long nowNanos;
  private long order;

  @Override
  public long nanos() {
    return nowNanos;
  }

  @Override
  public void at(long atNanos, Runnable action) {
    events.add(new Event(Math.max(atNanos, nowNanos), order++, action));
  }

  /** Runs an action every so many nanoseconds, for ever. */
  public void every(long nanos, Runnable action) {
    at(
        nowNanos + nanos,
        () -> {
          action.run();
          every(nanos, action);
        });
  }

  /** Runs events until the given time has passed. */
  public void advance(long nanos) {
    long untilNanos = nowNanos + nanos;
    while (!events.isEmpty() && events.peek().atNanos() <= untilNanos) {
      Event event = events.remove();
      nowNanos = event.atNanos();
      event.action().run();
    }
    nowNanos = untilNanos;
  }
}
