// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Keeps a domain's memory mapped while anybody uses it: whoever touches it enters before and leaves
 * after. Once closed nobody enters any more, and the closer waits for those inside.
 */
final class MemoryGate {
  private final AtomicInteger inside = new AtomicInteger();
  private volatile boolean closed;

  /** Returns false if the gate is closed; the caller must leave only if it has entered. */
  boolean enter() {
    inside.incrementAndGet();
    if (closed) {
      leave();
      return false;
    }
    return true;
  }

  void leave() {
    if (inside.decrementAndGet() == 0 && closed) {
      synchronized (this) {
        notifyAll();
      }
    }
  }

  boolean isClosed() {
    return closed;
  }

  /** Lets nobody in any more. Returns false if it was closed before. */
  synchronized boolean close() {
    boolean first = !closed;
    closed = true;
    return first;
  }

  /**
   * Waits until nobody is inside.
   *
   * @return false if that did not come about in time
   */
  boolean awaitEmpty(long timeoutMillis) throws InterruptedException {
    synchronized (this) {
      // The lost wake-up of a thread that left before closed was set is caught by the bound.
      for (long rest = timeoutMillis; inside.get() > 0 && rest > 0; rest -= 5) {
        wait(5);
      }
    }
    return inside.get() == 0;
  }
}
