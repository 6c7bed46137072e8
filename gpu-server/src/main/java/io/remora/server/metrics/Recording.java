// SPDX-License-Identifier: Apache-2.0
package io.remora.server.metrics;

import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * What sessions did while they were traced, up to a bound: what comes after it is only counted. Any
 * thread may add.
 */
public final class Recording {
  private final LongSupplier nanoClock;
  private final int eventsMax;
  private final long begunNanos;
  private final Queue<TraceEvent> events = new ConcurrentLinkedQueue<>();
  private final AtomicInteger size = new AtomicInteger();
  private final AtomicLong lost = new AtomicLong();
  private volatile boolean over;

  /**
   * Begins.
   *
   * @param nanoClock as {@link System#nanoTime}
   * @param eventsMax how many events it keeps
   */
  public Recording(LongSupplier nanoClock, int eventsMax) {
    this.nanoClock = nanoClock;
    this.eventsMax = eventsMax;
    this.begunNanos = nanoClock.getAsLong();
  }

  /** A further session's part. */
  public SessionTrace session(String id) {
    return new SessionTrace(this, id);
  }

  /** When it began. */
  public long begunNanos() {
    return begunNanos;
  }

  long now() {
    return nanoClock.getAsLong();
  }

  void add(TraceEvent event) {
    if (over) {
      return;
    }
    if (size.getAndIncrement() < eventsMax) {
      events.add(event);
    } else {
      lost.incrementAndGet();
    }
  }

  /** Ends it; what comes later is dropped. */
  public List<TraceEvent> end() {
    over = true;
    return new ArrayList<>(events);
  }

  /** Events that found no room. */
  public long lost() {
    return lost.get();
  }
}
