// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.Executor;

/** Runs tasks on workers, one after the other in the order in which they came. */
final class InOrder implements Executor {
  private final Executor workers;
  private final Deque<Runnable> waiting = new ArrayDeque<>();
  private boolean running;

  InOrder(Executor workers) {
    this.workers = workers;
  }

  @Override
  public void execute(Runnable task) {
    synchronized (this) {
      waiting.addLast(task);
      if (running) {
        return;
      }
      running = true;
    }
    workers.execute(this::runAll);
  }

  private void runAll() {
    while (true) {
      Runnable next;
      synchronized (this) {
        next = waiting.pollFirst();
        if (next == null) {
          running = false;
          return;
        }
      }
      next.run();
    }
  }
}
