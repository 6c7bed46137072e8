// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Runs actions when all work that was submitted before them is over, without waiting and at two
 * counter updates a work: how memory is freed and modules are unloaded under running kernels.
 *
 * <p>Work belongs to the epoch in which it was submitted. An action ends the current epoch for
 * later work, and is due when its epoch and all before it have no work left. Owned by the session's
 * serial executor; only {@link Epoch#workEnded} is called elsewhere.
 */
final class WorkEpochs {
  private final Deque<Epoch> open = new ArrayDeque<>();
  private final Runnable signalDue;
  private Epoch current = new Epoch();

  /**
   * @param signalDue called on any thread when {@link #runDue} may have something to do
   */
  WorkEpochs(Runnable signalDue) {
    this.signalDue = signalDue;
    open.add(current);
  }

  /** The epoch of a work that is about to be submitted; it counts the work. */
  Epoch enter() {
    if (current.hasActions) {
      current = new Epoch();
      open.add(current);
    }
    current.works.getAndIncrement();
    return current;
  }

  /** Runs an action once everything that was submitted so far is over, possibly at once. */
  void afterWorkSoFar(Runnable action) {
    if (open.getFirst() == current && current.works.get() == 0) {
      action.run();
      return;
    }
    current.actions.add(action);
    current.hasActions = true;
    if (current.works.get() == 0) {
      // Its last work may have ended just before the flag was set.
      signalDue.run();
    }
  }

  /** Runs what is due. */
  void runDue() {
    while (true) {
      Epoch oldest = open.getFirst();
      if (oldest.works.get() != 0) {
        return;
      }
      if (oldest != current) {
        open.removeFirst();
      } else if (!oldest.hasActions) {
        return;
      } else {
        current = new Epoch();
        open.removeFirst();
        open.add(current);
      }
      oldest.actions.forEach(Runnable::run);
    }
  }

  /** Whether actions wait for work to end. */
  boolean hasWaiting() {
    return open.getFirst() != current || current.hasActions;
  }

  /** Work submitted between two actions. */
  final class Epoch {
    private final AtomicInteger works = new AtomicInteger();
    private final List<Runnable> actions = new ArrayList<>(0);

    /** Written by the serial executor, read by whoever ends the last work. */
    private volatile boolean hasActions;

    /** One work of this epoch is over; any thread. */
    void workEnded() {
      if (works.decrementAndGet() == 0 && hasActions) {
        signalDue.run();
      }
    }
  }
}
