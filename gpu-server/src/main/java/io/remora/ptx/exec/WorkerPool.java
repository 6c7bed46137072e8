// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The threads that help with launches. A launch asks for help once; each helper that answers works
 * on it until no block is left. The thread that launched works along and waits for the helpers at
 * the end, so a launch makes progress even when all helpers are busy elsewhere.
 */
public final class WorkerPool implements AutoCloseable {
  /** Deep recursion of device functions uses the Java stack. */
  private static final long STACK_BYTES = 8L << 20;

  /** A launch that is expected to take less is not worth waking anybody. */
  private static final long WORTH_HELP_NANOS = 40_000;

  private final ConcurrentLinkedQueue<Ticket> tickets = new ConcurrentLinkedQueue<>();
  private final Semaphore waiting = new Semaphore(0);
  private final List<Thread> helpers = new ArrayList<>();
  private volatile boolean closed;

  /** One launch's request for help. */
  private static final class Ticket {
    final Launch launch;
    final AtomicInteger working = new AtomicInteger();
    final Thread owner = Thread.currentThread();

    Ticket(Launch launch) {
      this.launch = launch;
    }
  }

  /**
   * @param helperCount threads beside those that launch
   */
  public WorkerPool(int helperCount) {
    for (int i = 1; i <= helperCount; i++) {
      int worker = i;
      var thread = new Thread(null, () -> help(worker), "ptx-worker-" + i, STACK_BYTES);
      thread.setDaemon(true);
      helpers.add(thread);
      thread.start();
    }
  }

  /**
   * Runs a launch to its end on the calling thread, with help where it is worth it. Helpers are
   * woken only if the kernel's blocks took long enough in earlier launches, or if there were none.
   */
  public void run(Launch launch) {
    long start = DeviceClock.nanos();
    CompiledKernel compiled = launch.compiled();
    long perBlock = compiled.blockTime().nanosPerBlock();
    boolean worthHelp = perBlock >= WORTH_HELP_NANOS / launch.shape().blocks();
    run(launch, worthHelp);
    compiled
        .blockTime()
        .add((DeviceClock.nanos() - start) * launch.participants(), launch.shape().blocks());
  }

  private void run(Launch launch, boolean worthHelp) {
    if (!launch.shape().cooperative()) {
      work(launch, worthHelp);
      return;
    }
    try {
      if (launch.startCooperatively()) {
        work(launch, worthHelp);
      }
    } finally {
      launch.endCooperatively();
    }
  }

  private void work(Launch launch, boolean worthHelp) {
    int wanted = (int) Math.min(helpers.size(), launch.units() - 1);
    if (wanted <= 0 || !worthHelp) {
      launch.work(0);
      return;
    }
    var ticket = new Ticket(launch);
    for (int i = 0; i < wanted; i++) {
      tickets.add(ticket);
    }
    waiting.release(wanted);
    launch.work(0);
    while (tickets.remove(ticket)) {
      // Nobody took it up; its permit wakes a helper for nothing.
    }
    awaitHelpers(ticket);
  }

  private static void awaitHelpers(Ticket ticket) {
    boolean interrupted = false;
    for (int spins = 0; ticket.working.get() > 0; spins++) {
      if (spins < 1000) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(ticket, 1_000_000);
        interrupted |= Thread.interrupted();
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void help(int worker) {
    while (!closed) {
      waiting.acquireUninterruptibly();
      Ticket ticket = takeUp();
      if (ticket != null) {
        if (ticket.launch.hasWork()) {
          ticket.launch.work(worker);
        }
        if (ticket.working.decrementAndGet() == 0) {
          LockSupport.unpark(ticket.owner);
        }
      }
    }
  }

  /**
   * Takes a ticket such that its owner sees either the ticket in the queue or the helper at work.
   */
  private @Nullable Ticket takeUp() {
    Ticket ticket = tickets.peek();
    while (ticket != null) {
      ticket.working.incrementAndGet();
      if (tickets.remove(ticket)) {
        return ticket;
      }
      if (ticket.working.decrementAndGet() == 0) {
        LockSupport.unpark(ticket.owner);
      }
      ticket = tickets.peek();
    }
    return null;
  }

  /** Ends the helpers after what they are doing. */
  @Override
  public void close() {
    closed = true;
    waiting.release(helpers.size());
  }
}
