// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import java.util.ArrayDeque;

/**
 * One session's way to one device: work leaves it in the order in which it came. Made by {@link
 * DeviceQueue#lane}; any thread may call, one at a time for {@link #submit}. Bounded by its
 * tenant's {@link LanePolicy}: at the bound it says that it is full, and whoever submits must stop
 * until it has drained to half; or it refuses work, if that is the policy.
 */
public final class Lane implements AutoCloseable {
  static final int CONTEXT_IS_DESTROYED = 709;
  private static final int LAUNCH_OUT_OF_RESOURCES = 701;

  private final DeviceQueue queue;

  // All below are guarded by the queue's lock.
  final Share share;
  final EstimateTable estimates;
  final ArrayDeque<Ticket> pending = new ArrayDeque<>();

  /** A thread is issuing this lane's work right now, outside the lock. */
  boolean issuing;

  /** The queue's tick when it began to. */
  long issuingTick;

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
   * submitted to a closed lane is dropped at once, and so is what finds a lane full that refuses.
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

  /** A lane of the same tenant on another device, with the terms that hold for this one now. */
  public Lane twinOn(DeviceQueue other) {
    int weight;
    LaneClass laneClass;
    LanePolicy policy;
    synchronized (queue) {
      weight = share.weight;
      laneClass = share.laneClass;
      policy = share.policy;
    }
    return other.lane(share.tenant, weight, laneClass, policy);
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

  /** Why work is not taken, or 0. */
  int refusal(Ticket ticket) {
    LanePolicy policy = share.policy;
    boolean refused =
        policy.rejects()
            && ticket.work.isRefusable()
            && held() > 0
            && (held() >= policy.worksMax() || heldBytes + ticket.bytes > policy.bytesMax());
    return closed ? CONTEXT_IS_DESTROYED : refused ? LAUNCH_OUT_OF_RESOURCES : 0;
  }

  /**
   * Counts work in.
   *
   * @param config bounds what even a lane that refuses may hold of work that can't be refused
   * @return whether there is room for more
   */
  boolean hold(Ticket ticket, QueueConfig config) {
    heldBytes += ticket.bytes;
    if (held() + 1 >= worksMax(config) || heldBytes >= bytesMax(config)) {
      full = true;
    }
    return !full;
  }

  /** Whether the lane was full and has room again; whoever asks must tell the listener. */
  boolean hasDrained(QueueConfig config) {
    if (full && !closed && held() <= worksMax(config) / 2 && heldBytes <= bytesMax(config) / 2) {
      full = false;
      return true;
    }
    return false;
  }

  private int held() {
    return pending.size() + inFlight;
  }

  private int worksMax(QueueConfig config) {
    LanePolicy policy = share.policy;
    return policy.rejects()
        ? Math.max(policy.worksMax(), config.laneWorksMax())
        : policy.worksMax();
  }

  private long bytesMax(QueueConfig config) {
    LanePolicy policy = share.policy;
    return policy.rejects()
        ? Math.max(policy.bytesMax(), config.laneBytesMax())
        : policy.bytesMax();
  }

  DeviceQueue queue() {
    return queue;
  }
}
