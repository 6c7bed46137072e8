// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Sends calls that nobody else sends: while calls are pending its thread looks every millisecond
 * for a frame that has been lying for one, and sleeps when nothing has been pending for a while. So
 * a program that keeps launching wakes it only once.
 */
final class IdleFlusher implements Runnable {
  private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
  private static final int IDLE_TICKS = 20;

  private final CallSender sender;
  private volatile boolean sleeping;
  private volatile boolean closed;
  private volatile @Nullable Thread thread;

  IdleFlusher(CallSender sender) {
    this.sender = sender;
  }

  /** Starts the thread. */
  void start() {
    Thread worker = new Thread(this, "remora-flush");
    worker.setDaemon(true);
    thread = worker;
    worker.start();
  }

  /** Something is pending that wasn't. */
  void wake() {
    if (sleeping) {
      LockSupport.unpark(thread);
    }
  }

  /** Ends the thread. */
  void close() {
    closed = true;
    LockSupport.unpark(thread);
  }

  @Override
  public void run() {
    int idle = 0;
    while (!closed) {
      idle = sender.tick() ? 0 : idle + 1;
      if (idle < IDLE_TICKS) {
        LockSupport.parkNanos(this, TICK_NANOS);
        continue;
      }
      sleeping = true;
      // Who made something pending before this line may not have seen that this thread sleeps.
      if (!sender.isPending() && !closed) {
        LockSupport.park(this);
      }
      sleeping = false;
      idle = 0;
    }
  }
}
