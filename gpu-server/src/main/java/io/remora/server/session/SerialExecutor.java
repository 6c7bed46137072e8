// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Runs a session's tasks one at a time, on whichever thread brings one while none is running.
 *
 * <p>There are two sorts of tasks. <em>Signals</em> come from driver threads, are short and call
 * neither the driver nor anything that waits; a driver thread runs nothing else, so that no session
 * holds up the completions of another. <em>Work</em> (frames, and what calls the driver) is run by
 * the thread that brings it, or by a worker where a driver thread finds it waiting.
 */
final class SerialExecutor {
  /**
   * How many tasks one thread runs before a worker takes over: an event loop has other sessions.
   */
  private static final int TASKS_PER_TURN_MAX = 256;

  private final Queue<Runnable> signals = new ConcurrentLinkedQueue<>();
  private final Queue<Runnable> work = new ConcurrentLinkedQueue<>();

  /** Tasks brought and not yet accounted for as run; whoever raises it from 0 runs them. */
  private final AtomicInteger pending = new AtomicInteger();

  /** Set by a task that has run long: the thread that runs it has others to serve. */
  private boolean enough;

  /**
   * The rests of tasks, oldest first, which go before all other work. Belongs to the draining
   * thread.
   */
  private final Deque<Runnable> rests = new ArrayDeque<>();

  private final Executor workers;
  private final Consumer<Throwable> defects;
  private final Runnable afterTurn;

  /**
   * @param workers takes over what the bringing thread may not or should not run
   * @param defects told what a task has thrown
   * @param afterTurn run after one or several tasks, before others than their thread can see their
   *     end; as short as a signal
   */
  SerialExecutor(Executor workers, Consumer<Throwable> defects, Runnable afterTurn) {
    this.workers = workers;
    this.defects = defects;
    this.afterTurn = afterTurn;
  }

  /** Runs a task on this thread now if no other is running, otherwise after it. */
  void execute(Runnable task) {
    work.add(task);
    if (pending.getAndIncrement() == 0) {
      drain(true);
    }
  }

  /**
   * Called by a task, as the last thing that it does, to go on later: on a worker, and before any
   * other work, so that the order of work is kept. Several go on in the order in which they asked.
   */
  void continueElsewhere(Runnable remainder) {
    enough = true;
    rests.addLast(remainder);
    pending.getAndIncrement();
  }

  /** As {@link #execute} for driver threads: see the class comment for what a signal may do. */
  void signal(Runnable task) {
    signals.add(task);
    if (pending.getAndIncrement() == 0) {
      drain(false);
    }
  }

  private void drain(boolean mayRunWork) {
    int left = TASKS_PER_TURN_MAX;
    while (true) {
      int ran = 0;
      Runnable task;
      while (left > 0 && (task = next(mayRunWork)) != null) {
        run(task);
        ran++;
        left = enough ? 0 : left - 1;
        enough = false;
      }
      if (ran > 0) {
        run(afterTurn);
      }
      if (pending.addAndGet(-ran) == 0) {
        return;
      }
      if (left == 0 || (!mayRunWork && (!rests.isEmpty() || !work.isEmpty()))) {
        handOver();
        return;
      }
      // Somebody is between adding a task and counting it.
      Thread.onSpinWait();
    }
  }

  private @Nullable Runnable next(boolean mayRunWork) {
    Runnable signal = signals.poll();
    if (signal != null || !mayRunWork) {
      return signal;
    }
    Runnable remainder = rests.pollFirst();
    return remainder != null ? remainder : work.poll();
  }

  private void handOver() {
    try {
      workers.execute(() -> drain(true));
    } catch (RejectedExecutionException shuttingDown) {
      drain(true);
    }
  }

  private void run(Runnable task) {
    try {
      task.run();
    } catch (Throwable thrown) {
      defects.accept(thrown);
    }
  }
}
