// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import java.util.Comparator;
import java.util.PriorityQueue;

/** A clock that moves from one event to the next. */
final class FakeTime {
  private record Event(long atNanos, long order, Runnable action) {}

  private final PriorityQueue<Event> events =
      new PriorityQueue<>(Comparator.comparingLong(Event::atNanos).thenComparing(Event::order));
  private long nowNanos;
  private long order;

  long nowNanos() {
    return nowNanos;
  }

  void after(long nanos, Runnable action) {
    events.add(new Event(nowNanos + nanos, order++, action));
  }

  void every(long nanos, Runnable action) {
    after(
        nanos,
        () -> {
          action.run();
          every(nanos, action);
        });
  }

  /** Runs events until the given time has passed. */
  void advance(long nanos) {
    long untilNanos = nowNanos + nanos;
    while (!events.isEmpty() && events.peek().atNanos() <= untilNanos) {
      Event event = events.remove();
      nowNanos = event.atNanos();
      event.action().run();
    }
    nowNanos = untilNanos;
  }
}
