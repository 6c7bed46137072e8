// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.model;

import io.remora.server.driver.WorkObserver;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.PriorityQueue;
import org.jspecify.annotations.Nullable;

/**
 * A device that only takes time. One kernel runs at a time; those that wait are taken by priority,
 * and in the order of their arrival among equals. A kernel consists of blocks of stated length:
 * when one ends, a kernel of greater priority that waits takes the device, as GPUs with stream
 * priorities do it. With blocks as long as kernels nothing ever steps in between.
 *
 * <p>Left out: kernels that share the device at the same time, caches, memory and its bandwidth,
 * copy engines, clock changes, and what launching costs on a bus. Times of ends are exact: a clock
 * whose thread was late makes the word of an end come late, not the end.
 *
 * <p>Any thread may call. The lock guards the state and is not held while others are called.
 */
public final class ModelDevice {
  /** Told of every span of time in which the device worked for an owner. */
  @FunctionalInterface
  public interface Occupancy {
    /** Called in the order of time, with the device's lock held; must be short. */
    void ran(Object owner, long fromNanos, long toNanos);
  }

  private static final class Kernel {
    final Object owner;
    final int priority;
    final long order;
    final long lengthNanos;
    final WorkObserver observer;
    long restNanos;
    long toldNanos;

    Kernel(Object owner, int priority, long order, long lengthNanos, WorkObserver observer) {
      this.owner = owner;
      this.priority = priority;
      this.order = order;
      this.lengthNanos = lengthNanos;
      this.observer = observer;
      this.restNanos = lengthNanos;
    }
  }

  private final ModelClock clock;
  private final long blockNanos;
  private final long noticeNanos;
  private final Occupancy occupancy;
  private final PriorityQueue<Kernel> waiting =
      new PriorityQueue<>(
          Comparator.comparingInt((Kernel kernel) -> kernel.priority)
              .thenComparingLong(kernel -> kernel.order));
  private final Deque<Kernel> ended = new ArrayDeque<>();
  private long order;
  private @Nullable Kernel running;

  /** Since when the running kernel has the device, this time. */
  private long sinceNanos;

  /** When it will be interrupted. */
  private long switchNanos = Long.MAX_VALUE;

  /** The earliest time for which the clock was asked. */
  private long askedNanos = Long.MAX_VALUE;

  /**
   * @param blockNanos how long a block runs, at least 1
   * @param noticeNanos how long after a kernel's end its observer is told; in virtual time this
   *     stands for threads that must wake up
   * @param occupancy told who used the device when
   */
  public ModelDevice(ModelClock clock, long blockNanos, long noticeNanos, Occupancy occupancy) {
    if (blockNanos < 1 || noticeNanos < 0) {
      throw new IllegalArgumentException("times must not be negative, a block not empty");
    }
    this.clock = clock;
    this.blockNanos = blockNanos;
    this.noticeNanos = noticeNanos;
    this.occupancy = occupancy;
  }

  /** The device's clock. */
  public ModelClock clock() {
    return clock;
  }

  /**
   * Gives the device a kernel.
   *
   * @param owner for {@link Occupancy}
   * @param priority numerically least first
   * @param lengthNanos how long it runs, at least 1
   * @param observer told of its end, with its length, on the clock's thread
   */
  public void run(Object owner, int priority, long lengthNanos, WorkObserver observer) {
    if (lengthNanos < 1) {
      throw new IllegalArgumentException("lengthNanos must be positive: " + lengthNanos);
    }
    long ask;
    synchronized (this) {
      long now = clock.nanos();
      advance(now);
      Kernel kernel = new Kernel(owner, priority, order++, lengthNanos, observer);
      Kernel current = running;
      if (current == null) {
        start(kernel, now);
      } else {
        waiting.add(kernel);
        if (priority < current.priority) {
          long blocks = (now - sinceNanos + blockNanos - 1) / blockNanos;
          switchNanos = Math.min(switchNanos, sinceNanos + blocks * blockNanos);
        }
      }
      ask = nextToAsk();
    }
    askFor(ask);
  }

  private void start(Kernel kernel, long atNanos) {
    running = kernel;
    sinceNanos = atNanos;
    switchNanos = Long.MAX_VALUE;
  }

  private void advance(long now) {
    for (Kernel kernel = running; kernel != null; kernel = running) {
      long endNanos = sinceNanos + kernel.restNanos;
      long next = Math.min(endNanos, switchNanos);
      if (next - now > 0) {
        return;
      }
      if (next > sinceNanos) {
        occupancy.ran(kernel.owner, sinceNanos, next);
      }
      if (next == endNanos) {
        kernel.toldNanos = endNanos + noticeNanos;
        ended.addLast(kernel);
      } else {
        kernel.restNanos -= next - sinceNanos;
        waiting.add(kernel);
      }
      running = null;
      Kernel first = waiting.poll();
      if (first != null) {
        start(first, next);
      }
    }
  }

  /** When the clock must call, or {@code MAX_VALUE} if it will anyhow. */
  private long nextToAsk() {
    Kernel kernel = running;
    long next =
        kernel == null ? Long.MAX_VALUE : Math.min(sinceNanos + kernel.restNanos, switchNanos);
    Kernel untold = ended.peek();
    if (untold != null) {
      next = Math.min(next, untold.toldNanos);
    }
    if (next >= askedNanos) {
      return Long.MAX_VALUE;
    }
    askedNanos = next;
    return next;
  }

  private void askFor(long nanos) {
    if (nanos != Long.MAX_VALUE) {
      clock.at(nanos, () -> due(nanos));
    }
  }

  /** On the clock's thread. */
  private void due(long nanos) {
    while (true) {
      Kernel over;
      long ask = Long.MAX_VALUE;
      synchronized (this) {
        advance(clock.nanos());
        over = ended.peek();
        if (over != null && over.toldNanos - clock.nanos() <= 0) {
          ended.remove();
        } else {
          over = null;
          if (askedNanos == nanos) {
            askedNanos = Long.MAX_VALUE;
          }
          ask = nextToAsk();
        }
      }
      if (over == null) {
        askFor(ask);
        return;
      }
      over.observer.onDone(0, over.lengthNanos);
    }
  }
}
