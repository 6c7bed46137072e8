// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds out what has ended on a device's streams: one thread for each device, which asks the
 * streams that have work under way, in turn. It polls while things end, sleeps for short times
 * while none do, and for good when there is no work.
 */
final class CompletionPoller implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CompletionPoller.class);
  private static final long SPIN_NANOS = 30_000;
  private static final long PARK_NANOS_MIN = 10_000;
  private static final long PARK_NANOS_MAX = 200_000;

  private final AtomicReference<@Nullable CudaStream> arrivals = new AtomicReference<>();
  private final List<CudaStream> busy = new ArrayList<>();
  private final LongSupplier nanoClock;
  private final Thread thread;
  private volatile boolean asleep;
  private volatile boolean closed;

  CompletionPoller(int ordinal, LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
    thread = new Thread(this::run, "cuda-completions-" + ordinal);
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** A stream that was idle has work. */
  void add(CudaStream stream) {
    CudaStream first;
    do {
      first = arrivals.get();
      stream.arrivesBefore(first);
    } while (!arrivals.compareAndSet(first, stream));
    if (asleep) {
      LockSupport.unpark(thread);
    }
  }

  private void run() {
    long quietSince = nanoClock.getAsLong();
    long parkNanos = PARK_NANOS_MIN;
    while (!closed) {
      boolean moved = takeArrivals() | poll();
      if (moved) {
        quietSince = nanoClock.getAsLong();
        parkNanos = PARK_NANOS_MIN;
      } else if (busy.isEmpty()) {
        sleep();
        quietSince = nanoClock.getAsLong();
      } else if (nanoClock.getAsLong() - quietSince < SPIN_NANOS) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(parkNanos);
        parkNanos = Math.min(PARK_NANOS_MAX, parkNanos * 2);
      }
    }
  }

  private void sleep() {
    asleep = true;
    while (arrivals.get() == null && !closed) {
      LockSupport.park(this);
    }
    asleep = false;
  }

  private boolean takeArrivals() {
    CudaStream stream = arrivals.getAndSet(null);
    boolean any = stream != null;
    while (stream != null) {
      busy.add(stream);
      stream = stream.arrived();
    }
    return any;
  }

  private boolean poll() {
    boolean moved = false;
    for (int i = busy.size() - 1; i >= 0; i--) {
      CudaStream stream = busy.get(i);
      try {
        switch (stream.poll()) {
          case NOTHING_NEW -> {}
          case SOME_ENDED -> moved = true;
          case IDLE -> {
            moved = true;
            busy.set(i, busy.get(busy.size() - 1));
            busy.remove(busy.size() - 1);
          }
        }
      } catch (RuntimeException | Error defect) {
        // Other streams must not suffer from it.
        log.error("polling a stream failed", defect);
        busy.remove(stream);
      }
    }
    return moved;
  }

  @Override
  public void close() {
    closed = true;
    LockSupport.unpark(thread);
    try {
      thread.join(1000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
