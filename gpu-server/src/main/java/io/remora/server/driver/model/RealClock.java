// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.model;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Real time with a thread of its own, which sleeps until shortly before an event and then polls:
 * sleeping alone would be late by what waking up takes. Any thread may call.
 */
public final class RealClock implements ModelClock, AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(RealClock.class);

  private record Event(long atNanos, long order, Runnable action) {}

  private final LongSupplier nanoClock;
  private final long pollNanos;
  private final Thread thread;

  // Guarded by this.
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(Comparator.comparingLong(Event::atNanos).thenComparingLong(Event::order));
  private long order;

  private volatile boolean closed;

  /**
   * @param pollNanos how long before an event the thread stops sleeping
   */
  private RealClock(String name, LongSupplier nanoClock, long pollNanos) {
    this.nanoClock = nanoClock;
    this.pollNanos = pollNanos;
    this.thread = new Thread(this::run, name);
    this.thread.setDaemon(true);
  }

  /**
   * Starts a clock.
   *
   * @param name of its thread
   * @param nanoClock as {@link System#nanoTime}
   * @param pollNanos how long before an event the thread stops sleeping
   */
  public static RealClock start(String name, LongSupplier nanoClock, long pollNanos) {
    RealClock clock = new RealClock(name, nanoClock, pollNanos);
    clock.thread.start();
    return clock;
  }

  /** The clock's thread, for those who measure what it costs. */
  public Thread thread() {
    return thread;
  }

  @Override
  public long nanos() {
    return nanoClock.getAsLong();
  }

  @Override
  public void at(long atNanos, Runnable action) {
    boolean first;
    synchronized (this) {
      Event event = new Event(atNanos, order++, action);
      events.add(event);
      first = event.equals(events.peek());
    }
    if (first && Thread.currentThread() != thread) {
      LockSupport.unpark(thread);
    }
  }

  private void run() {
    while (!closed) {
      Event next;
      synchronized (this) {
        next = events.peek();
      }
      if (next == null) {
        LockSupport.park(this);
        continue;
      }
      long restNanos = next.atNanos() - nanos();
      if (restNanos > pollNanos) {
        LockSupport.parkNanos(this, restNanos - pollNanos);
      } else if (restNanos > 0) {
        Thread.onSpinWait();
      } else {
        runDue();
      }
    }
  }

  private void runDue() {
    Event due = takeDue();
    if (due == null) {
      return;
    }
    try {
      due.action().run();
    } catch (RuntimeException | Error defect) {
      log.error("an event of a modelled device failed", defect);
    }
  }

  private synchronized @Nullable Event takeDue() {
    Event next = events.peek();
    return next == null || next.atNanos() - nanos() > 0 ? null : events.remove();
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
  }
}
