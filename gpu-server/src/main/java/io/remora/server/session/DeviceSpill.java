// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Makes room on a device whose memory is promised to more tenants than it has: takes the memory of
 * idle sessions to the host, the least recently used first. One for each device; any thread may
 * call, but {@link #makeRoom} copies and is for workers.
 */
final class DeviceSpill {
  /** A session that worked a moment ago is about to work again. */
  static final long IDLE_NANOS = 20_000_000;

  private final AtomicLong hostBytesLeft;
  private final Executor workers;
  private final Delays delays;
  private final LongSupplier nanoClock;
  private final boolean enabled;

  // Guarded by this.
  private final Set<Residency> members = new HashSet<>();
  private final Deque<Runnable> returns = new ArrayDeque<>();
  private boolean returning;

  /**
   * @param hostBytesLeft host memory that may be taken, shared by all devices; 0 for no spilling
   */
  DeviceSpill(AtomicLong hostBytesLeft, Executor workers, Delays delays, LongSupplier nanoClock) {
    this.hostBytesLeft = hostBytesLeft;
    this.workers = workers;
    this.delays = delays;
    this.nanoClock = nanoClock;
    this.enabled = hostBytesLeft.get() > 0;
  }

  boolean isEnabled() {
    return enabled;
  }

  Executor workers() {
    return workers;
  }

  Delays delays() {
    return delays;
  }

  long nanos() {
    return nanoClock.getAsLong();
  }

  synchronized void add(Residency member) {
    members.add(member);
  }

  synchronized void remove(Residency member) {
    members.remove(member);
  }

  /** Takes host memory; false if there isn't as much. */
  boolean takeHostBytes(long bytes) {
    if (hostBytesLeft.addAndGet(-bytes) >= 0) {
      return true;
    }
    hostBytesLeft.addAndGet(bytes);
    return false;
  }

  void giveHostBytes(long bytes) {
    hostBytesLeft.addAndGet(bytes);
  }

  /**
   * Takes idle sessions' memory to the host until there is room.
   *
   * @param except whose memory is not touched
   * @return whether any room was made
   */
  boolean makeRoom(long bytes, Residency except) {
    Set<Residency> tried = new HashSet<>();
    tried.add(except);
    long freed = 0;
    while (freed < bytes) {
      Residency victim = leastRecentlyUsed(tried);
      if (victim == null) {
        break;
      }
      tried.add(victim);
      freed += victim.spill();
    }
    return freed > 0;
  }

  private synchronized @Nullable Residency leastRecentlyUsed(Set<Residency> tried) {
    Residency best = null;
    long bestIdleNanos = IDLE_NANOS;
    long now = nanos();
    for (Residency member : members) {
      long idleNanos = tried.contains(member) ? -1 : member.idleNanos(now);
      if (idleNanos >= bestIdleNanos) {
        best = member;
        bestIdleNanos = idleNanos;
      }
    }
    return best;
  }

  /**
   * Lets one session after the other bring its memory back: two that were half back would wait for
   * each other. The task, or what it starts, ends with {@link #returned}.
   */
  void returnInTurn(Runnable task) {
    synchronized (this) {
      if (returning) {
        returns.add(task);
        return;
      }
      returning = true;
    }
    workers.execute(task);
  }

  /** The session whose turn it was has its memory again, or has ended. */
  void returned() {
    Runnable next;
    synchronized (this) {
      next = returns.poll();
      returning = next != null;
    }
    if (next != null) {
      workers.execute(next);
    }
  }
}
