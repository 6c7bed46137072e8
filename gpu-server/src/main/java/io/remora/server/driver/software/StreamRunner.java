// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * Gives the streams of one domain threads, a bounded number at a time; streams of greater priority
 * first. The bound is each domain's own: kernels that never end can hold up only their own domain.
 */
final class StreamRunner {
  /** As many as a GPU's work queues have by default (CUDA_DEVICE_MAX_CONNECTIONS). */
  static final int STREAMS_AT_ONCE_MAX = 8;

  private record Ready(SoftwareStream stream, long order) {}

  private final Executor threads;
  private final PriorityQueue<Ready> ready =
      new PriorityQueue<>(
          Comparator.comparingInt((Ready each) -> each.stream.priority())
              .thenComparingLong(Ready::order));
  private int running;
  private long order;
  private volatile boolean crowded;

  StreamRunner(Executor threads) {
    this.threads = threads;
  }

  /** Has the stream drained by a thread; the caller gives up its ownership. */
  void schedule(SoftwareStream stream) {
    synchronized (this) {
      if (running == STREAMS_AT_ONCE_MAX) {
        ready.add(new Ready(stream, order++));
        crowded = true;
        return;
      }
      running++;
    }
    try {
      threads.execute(() -> drain(stream));
    } catch (RejectedExecutionException e) {
      // The driver is closed, and so is the domain: what is left ends without being done.
      drain(stream);
    }
  }

  /** Whether streams wait for a thread. */
  boolean isCrowded() {
    return crowded;
  }

  private void drain(SoftwareStream first) {
    SoftwareStream stream = first;
    while (stream != null) {
      boolean more = stream.drain();
      stream = next(more ? stream : null);
    }
  }

  private synchronized @Nullable SoftwareStream next(@Nullable SoftwareStream unfinished) {
    if (unfinished != null) {
      ready.add(new Ready(unfinished, order++));
    }
    Ready next = ready.poll();
    crowded = !ready.isEmpty();
    if (next == null) {
      running--;
      return null;
    }
    return next.stream;
  }
}
