// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import java.util.ArrayDeque;

/**
 * One session's way to one device: work leaves it in the order in which it came. Made by {@link
 * DeviceQueue#lane}; any thread may call, one at a time for {@link #submit}. Bounded by {@link
 * QueueConfig#laneWorksMax} and {@link QueueConfig#laneBytesMax}: at the bound it says that it is
 * full, and whoever submits must stop until it has drained to half.
 */
public final class Lane implements AutoCloseable {
  private final DeviceQueue queue;

  // All below are guarded by the queue's lock.
  final Share share;
  final EstimateTable estimates;
  final ArrayDeque<Ticket> pending = new ArrayDeque<>();

  /** A thread is issuing this lane's work right now, outside the lock. */
  boolean issuing;

  /** Start tag among the lanes of the tenant. */
  double tag;

  boolean closed;
  boolean full;
  int inFlight;
  long heldBytes;
  long works;
  long deviceNanos;
  long queueNanos;
  Runnable drained = () -> {};

  Lane(DeviceQueue queue, Share share, EstimateTable estimates) {
    this.queue = queue;
    this.share = share;
    this.estimates = estimates;
  }

  /**
   * Takes work in: issued at once on this thread where nothing speaks against it, else later. Work
   * submitted to a closed lane is dropped at once.
   *
   * @return whether there is room for more; if not, wait for {@link #onDrained}
   */
  public boolean submit(Work work) {
    return queue.submit(this, new Ticket(this, work));
  }

  /** Whether the lane has reached its bound and not drained to half of it since. */
  public boolean isFull() {
    synchronized (queue) {
      return full;
    }
  }

  /** Works that were not issued yet. */
  public int pending() {
    synchronized (queue) {
      return pending.size();
    }
  }

  /**
   * Sets who is told that a full lane has room again: once each time, on a driver's thread or on
   * one that closes or ends work, with no lock held. It may submit.
   */
  public void onDrained(Runnable listener) {
    synchronized (queue) {
      drained = listener;
    }
  }

  /** What the lane has done so far. */
  public LaneStats stats() {
    synchronized (queue) {
      return new LaneStats(deviceNanos, queueNanos, works, inFlight, pending.size());
    }
  }

  /**
   * Drops what was not issued and takes nothing more. When this returns, no further work is issued;
   * one work may be in the middle of {@link Work#issue} on another thread. Work in flight ends in
   * its own time and is still counted against the tenant.
   */
  @Override
  public void close() {
    queue.close(this);
  }

  DeviceQueue queue() {
    return queue;
  }
}
