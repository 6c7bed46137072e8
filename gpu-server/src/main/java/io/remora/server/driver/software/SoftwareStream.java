// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A stream: works run one after the other. At most one thread owns it at a time: the one that
 * drains it, or the outside event that it is stopped at. Short work on an idle stream is done by
 * the submitter, anything else by a thread of the {@link StreamRunner}, which takes all that has
 * come in one go and lingers for more, so that a burst of launches wakes it once.
 */
final class SoftwareStream {
  private static final Logger log = LoggerFactory.getLogger(SoftwareStream.class);

  // About what waking a parked thread costs, so lingering at most doubles the price.
  private static final int LINGER_SPINS = 500;

  // After so many items a stream makes way for another one that waits for a thread.
  private static final int ITEMS_PER_TURN = 256;

  private final StreamRunner runner;
  private final int priority;
  private final AtomicLong finished = new AtomicLong();

  // Guarded by this.
  private ArrayDeque<StreamItem> incoming = new ArrayDeque<>();
  private boolean owned;
  private long submitted;

  // Of the owner.
  private ArrayDeque<StreamItem> batch = new ArrayDeque<>();

  private volatile int waiting;
  private volatile @Nullable RunningKernel running;
  private volatile @Nullable StreamStop stoppedAt;

  SoftwareStream(StreamRunner runner, int priority) {
    this.runner = runner;
    this.priority = priority;
  }

  int priority() {
    return priority;
  }

  /** Puts work at the end of the stream. */
  void submit(StreamItem item) {
    synchronized (this) {
      submitted++;
      if (owned) {
        incoming.addLast(item);
        waiting = incoming.size();
        return;
      }
      owned = true;
    }
    if (!item.isQuick()) {
      batch.addLast(item);
      runner.schedule(this);
    } else if (item.run(this)) {
      proceed();
    }
  }

  /** Whether all work is over. */
  boolean isIdle() {
    synchronized (this) {
      return finished.get() == submitted;
    }
  }

  /** Goes on after an item that is over; the caller is the owner and not a runner's thread. */
  void proceed() {
    while (true) {
      StreamItem next = batch.peekFirst();
      if (next == null) {
        if (!refill()) {
          return;
        }
      } else if (next.isQuick()) {
        batch.removeFirst();
        if (!next.run(this)) {
          return;
        }
      } else {
        runner.schedule(this);
        return;
      }
    }
  }

  /**
   * Runs what there is; called by the runner.
   *
   * @return true if there is more to do but others are waiting for a thread
   */
  boolean drain() {
    for (int done = 0; ; done++) {
      StreamItem item = batch.pollFirst();
      if (item == null) {
        linger();
        if (!refill()) {
          return false;
        }
      } else if (done >= ITEMS_PER_TURN && runner.isCrowded()) {
        batch.addFirst(item);
        return true;
      } else if (!item.run(this)) {
        return false;
      }
    }
  }

  private void linger() {
    for (int i = 0; i < LINGER_SPINS && waiting == 0 && !runner.isCrowded(); i++) {
      Thread.onSpinWait();
    }
  }

  /** Takes what has come in meanwhile; without any, the stream is nobody's. */
  private synchronized boolean refill() {
    if (incoming.isEmpty()) {
      owned = false;
      return false;
    }
    ArrayDeque<StreamItem> taken = incoming;
    incoming = batch;
    batch = taken;
    waiting = 0;
    return true;
  }

  /** An item is over. */
  void finish(StreamItem item, int result, long deviceNanos) {
    finished.lazySet(finished.get() + 1);
    try {
      item.observer.onDone(result, deviceNanos);
    } catch (RuntimeException e) {
      // A defect above; this stream's other work must not suffer from it.
      log.error("an observer of work on a stream threw", e);
    }
  }

  /** The kernel that may be cancelled from now on, or null. */
  void running(@Nullable RunningKernel kernel) {
    running = kernel;
  }

  /** The kernel that runs now, or null. */
  @Nullable RunningKernel running() {
    return running;
  }

  void stoppedAt(@Nullable StreamStop stop) {
    stoppedAt = stop;
  }

  /** Stops the kernel that is running, if any. */
  void cancelLaunch() {
    RunningKernel kernel = running;
    if (kernel != null) {
      kernel.control().cancel();
    }
  }

  /** Ends what the stream is at, so that its owner gets on to what follows. */
  void cancel(int result) {
    cancelLaunch();
    StreamStop stop = stoppedAt;
    if (stop != null) {
      stop.resume(result);
    }
  }
}
