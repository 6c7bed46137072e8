// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shares one device among tenants: start-time fair queueing over device time.
 *
 * <p>Every tenant has a tag, the device time given to it divided by its weight, and the tenant with
 * the least tag goes next. Work is charged by estimate when it is issued and corrected when its
 * measured time is known. A tenant that was idle joins at the tag that is being served: it gets no
 * credit for the past, and nobody waits for it.
 *
 * <p>The order in which work is issued decides the shares only as long as the device's own queues
 * are short. So the estimated time in flight is bounded: device-wide for classes NORMAL and BATCH,
 * and by itself for LATENCY, which therefore never waits for room that others have filled. What a
 * tenant has in flight doesn't count while it can't move: behind a host callback, or long overdue
 * (a kernel far longer than expected). Such a tenant waits for itself; the others go on.
 *
 * <p>A tenant alone on the device passes through: its work is issued on the thread that submits it.
 * Else work is issued by whichever thread makes room, mostly the driver's. One lock guards all
 * state; it is never held while anything outside this package is called.
 */
public final class DeviceQueue {
  private static final Logger log = LoggerFactory.getLogger(DeviceQueue.class);
  private static final int TIMEOUT = 909;
  private static final int UNKNOWN = 999;

  private final QueueConfig config;
  private final LongSupplier nanoClock;
  private final Map<String, Share> shares = new HashMap<>();

  /** Outlives the shares; bounded by the number of tenants that this server has ever had. */
  private final Map<String, TenantUse.Counter> uses = new HashMap<>();

  private final DeviceLoad load;
  private final Turns turns;
  private int pendingWorks;

  /**
   * Whether this thread is issuing work further out: then it goes on with what is pending when that
   * is done, and does not begin again inside. So the stack stays short however work ends.
   */
  private final ThreadLocal<Boolean> issuing = ThreadLocal.withInitial(() -> false);

  /**
   * A queue whose owner calls {@link #tick} every {@link QueueConfig#tickNanos}.
   *
   * @param nanoClock as {@link System#nanoTime}
   */
  public DeviceQueue(QueueConfig config, LongSupplier nanoClock) {
    this.config = config;
    this.nanoClock = nanoClock;
    this.load = new DeviceLoad(config, nanoClock);
    this.turns = new Turns(config, load);
  }

  /**
   * A queue that ticks by itself.
   *
   * @param timer runs the ticks until it is shut down; they take microseconds
   */
  public static DeviceQueue ticking(
      QueueConfig config, LongSupplier nanoClock, ScheduledExecutorService timer) {
    var queue = new DeviceQueue(config, nanoClock);
    var unused =
        timer.scheduleAtFixedRate(
            queue::tick, config.tickNanos(), config.tickNanos(), TimeUnit.NANOSECONDS);
    return queue;
  }

  /**
   * Opens a lane whose tenant has the usual policy.
   *
   * @param weight at least 1
   */
  public Lane lane(String tenant, int weight, LaneClass laneClass) {
    return lane(tenant, weight, laneClass, LanePolicy.of(config));
  }

  /**
   * Opens a lane. Lanes with the same tenant name share one weight; the weight, class and policy
   * given last hold for all of them.
   *
   * @param weight at least 1
   */
  public synchronized Lane lane(String tenant, int weight, LaneClass laneClass, LanePolicy policy) {
    if (weight < 1) {
      throw new IllegalArgumentException("weight must be at least 1: " + weight);
    }
    TenantUse.Counter use = uses.computeIfAbsent(tenant, name -> new TenantUse.Counter());
    Share share =
        shares.computeIfAbsent(tenant, name -> new Share(name, weight, laneClass, policy, use));
    reclassify(share, weight, laneClass);
    share.policy = policy;
    var lane = new Lane(this, share, new EstimateTable(config.firstEstimateNanos()));
    share.lanes.add(lane);
    load.lanesChanged(share, 1);
    return lane;
  }

  /** What a tenant has used of this device, all its lanes together, those that are closed too. */
  public synchronized TenantUse use(String tenant) {
    TenantUse.Counter use = uses.get(tenant);
    return use == null ? TenantUse.NONE : use.read();
  }

  /** How all tenants stand that have ever used this device, by name. */
  public synchronized Map<String, TenantReading> readings() {
    Map<String, TenantReading> readings = new HashMap<>();
    uses.forEach(
        (tenant, use) -> {
          Share share = shares.get(tenant);
          readings.put(
              tenant,
              new TenantReading(
                  use.read(),
                  share == null ? 0 : share.pendingWorks,
                  share == null ? 0 : share.inFlightWorks,
                  use.queueTimes.copy(),
                  use.runTimes.copy()));
        });
    return readings;
  }

  /**
   * Changes a tenant's weight, class and policy from the next work on; no such tenant: nothing to
   * do.
   */
  public void update(String tenant, int weight, LaneClass laneClass, LanePolicy policy) {
    List<Runnable> drained = new ArrayList<>();
    synchronized (this) {
      Share share = shares.get(tenant);
      if (share != null) {
        reclassify(share, weight, laneClass);
        share.policy = policy;
        for (Lane lane : share.lanes) {
          if (lane.hasDrained(config)) {
            drained.add(lane.drained);
          }
        }
      }
    }
    pump();
    drained.forEach(Runnable::run);
  }

  private void reclassify(Share share, int weight, LaneClass laneClass) {
    share.weight = weight;
    if (share.laneClass != laneClass) {
      boolean waiting = share.pendingWorks > 0;
      if (waiting) {
        backlog(share).remove(share);
      }
      load.reclassify(share, laneClass);
      share.tag = backlog(share).virtualTime;
      if (waiting) {
        backlog(share).add(share);
      }
    }
  }

  boolean submit(Lane lane, Ticket ticket) {
    boolean nested = issuing.get();
    int refusal;
    boolean direct = false;
    boolean room = true;
    synchronized (this) {
      refusal = lane.refusal(ticket);
      if (refusal == 0) {
        room = lane.hold(ticket, config);
        ticket.estimateNanos = ticket.key == Work.FREE ? 0 : lane.estimates.estimate(ticket.key);
        join(lane, ticket);
        direct =
            !nested
                && !lane.issuing
                && lane.pending.isEmpty()
                && (ticket.key == Work.FREE
                    || pendingWorks == 0 && load.hasRoom(lane.share, ticket.estimateNanos, false));
        if (direct) {
          charge(ticket, 0);
        } else {
          enqueue(ticket);
        }
      }
    }
    if (refusal != 0) {
      ticket.work.dropped(refusal);
    } else if (direct) {
      issue(ticket);
      release(lane);
    } else {
      pump();
    }
    return room;
  }

  /** Brings the tags of a lane and a tenant that were idle up to what is being served. */
  private void join(Lane lane, Ticket ticket) {
    if (ticket.key == Work.FREE) {
      return;
    }
    Share share = lane.share;
    load.submitted(share);
    if (!share.active) {
      share.tag = Math.max(share.tag, backlog(share).virtualTime);
    } else if (share.pendingWorks == 0) {
      // It was served just now and only its queue ran dry; what it may catch up with is bounded.
      double credit = (double) config.sharedInFlightNanos() / share.weight;
      share.tag = Math.max(share.tag, backlog(share).virtualTime - credit);
    }
    if (lane.pending.isEmpty() && lane.inFlight == 0) {
      lane.tag = Math.max(lane.tag, share.laneVirtualTime);
    }
  }

  private void enqueue(Ticket ticket) {
    ticket.submittedNanos = nanoClock.getAsLong();
    Share share = ticket.lane.share;
    if (ticket.work.isRefusable()) {
      ticket.setDeadline(ticket.submittedNanos, share.policy.timeoutNanos());
    }
    ticket.lane.pending.addLast(ticket);
    pendingWorks++;
    if (share.pendingWorks++ == 0) {
      backlog(share).add(share);
      load.noteActivity(share);
    }
  }

  /** Issues whatever may go now, one after the other. */
  private void pump() {
    if (issuing.get()) {
      return;
    }
    while (true) {
      Ticket next;
      synchronized (this) {
        next = pendingWorks == 0 ? null : takeNext();
        if (next == null) {
          return;
        }
      }
      if (next.over) {
        refuseLate(next);
        continue;
      }
      issue(next);
      synchronized (this) {
        next.lane.issuing = false;
      }
    }
  }

  /** The work to be issued now, charged for, or to be refused. */
  private @Nullable Ticket takeNext() {
    Lane lane = turns.next();
    if (lane == null) {
      return null;
    }
    long now = nanoClock.getAsLong();
    Ticket ticket = removeHead(lane);
    if (ticket.isLate(now)) {
      ticket.over = true;
      return ticket;
    }
    // What was learned since the submission makes the better estimate.
    if (ticket.key != Work.FREE) {
      ticket.estimateNanos = lane.estimates.estimate(ticket.key);
    }
    long waitedNanos = now - ticket.submittedNanos;
    lane.queueNanos += waitedNanos;
    lane.share.use.queueNanos += waitedNanos;
    charge(ticket, waitedNanos);
    return ticket;
  }

  private Ticket removeHead(Lane lane) {
    Ticket ticket = lane.pending.removeFirst();
    pendingWorks--;
    if (--lane.share.pendingWorks == 0) {
      backlog(lane.share).remove(lane.share);
    }
    return ticket;
  }

  /** Drops work that came too late to be issued; with no lock held. */
  private void refuseLate(Ticket ticket) {
    Lane lane = ticket.lane;
    Runnable drained = null;
    synchronized (this) {
      lane.heldBytes -= ticket.bytes;
      load.noteActivity(lane.share);
      if (lane.hasDrained(config)) {
        drained = lane.drained;
      }
      forgetIfUnused(lane.share);
    }
    ticket.work.dropped(TIMEOUT);
    if (drained != null) {
      drained.run();
    }
  }

  private void charge(Ticket ticket, long waitedNanos) {
    Lane lane = ticket.lane;
    Share share = lane.share;
    lane.issuing = true;
    lane.issuingTick = turns.tick();
    lane.works++;
    share.use.works++;
    lane.inFlight++;
    share.inFlightWorks++;
    if (ticket.waitsForHost) {
      load.suspend(share);
    }
    if (ticket.key == Work.FREE) {
      load.noteActivity(share);
      return;
    }
    share.use.queueTimes.add(waitedNanos);
    Backlog backlog = backlog(share);
    backlog.virtualTime = Math.max(backlog.virtualTime, share.tag);
    share.laneVirtualTime = Math.max(share.laneVirtualTime, lane.tag);
    load.issued(ticket);
    load.add(share, ticket.estimateNanos);
    addTime(ticket, ticket.estimateNanos);
  }

  /** Charges device time, or gives some back. */
  private void addTime(Ticket ticket, long nanos) {
    Share share = ticket.lane.share;
    share.tag += (double) nanos / share.weight;
    ticket.lane.tag += nanos;
    backlog(share).spend(nanos);
    if (pendingWorks > 0) {
      turns.earn(nanos);
    }
  }

  private void issue(Ticket ticket) {
    issuing.set(true);
    try {
      ticket.work.issue(ticket);
    } catch (RuntimeException e) {
      log.error("work of tenant {} threw when it was issued", ticket.lane.share.tenant, e);
      if (end(ticket, 0)) {
        ticket.work.dropped(UNKNOWN);
      }
    } finally {
      issuing.set(false);
    }
  }

  private void release(Lane lane) {
    synchronized (this) {
      lane.issuing = false;
      if (pendingWorks == 0) {
        return;
      }
    }
    pump();
  }

  void ended(Ticket ticket, long deviceNanos) {
    if (!end(ticket, deviceNanos)) {
      log.error("work of tenant {} was ended twice", ticket.lane.share.tenant);
    }
  }

  /** Returns false if it was over already. */
  private boolean end(Ticket ticket, long deviceNanos) {
    Lane lane = ticket.lane;
    Runnable drained = null;
    boolean pumpHere;
    synchronized (this) {
      if (ticket.over) {
        return false;
      }
      ticket.over = true;
      settle(ticket, deviceNanos);
      lane.heldBytes -= ticket.bytes;
      lane.inFlight--;
      if (lane.hasDrained(config)) {
        drained = lane.drained;
      }
      forgetIfUnused(lane.share);
      pumpHere = pendingWorks > 0;
    }
    if (pumpHere) {
      pump();
    }
    if (drained != null) {
      drained.run();
    }
    return true;
  }

  private void settle(Ticket ticket, long deviceNanos) {
    Lane lane = ticket.lane;
    Share share = lane.share;
    long nanos = deviceNanos >= 0 ? deviceNanos : ticket.estimateNanos;
    lane.deviceNanos += nanos;
    share.use.deviceNanos += nanos;
    share.inFlightWorks--;
    if (ticket.waitsForHost && load.resume(share)) {
      // It stood still and used nothing: no credit for that.
      share.tag = Math.max(share.tag, backlog(share).virtualTime);
    }
    if (ticket.key == Work.FREE) {
      return;
    }
    share.use.runTimes.add(nanos);
    load.moved(share);
    load.ended(ticket, deviceNanos);
    load.add(share, -ticket.estimateNanos);
    if (deviceNanos >= 0) {
      lane.estimates.measured(ticket.key, deviceNanos);
      long correction = deviceNanos - ticket.estimateNanos;
      addTime(ticket, correction);
    }
  }

  /**
   * Looks for tenants whose work in flight doesn't move, so that the others needn't wait for it,
   * and for work that can't be issued in time any more.
   */
  public void tick() {
    List<Ticket> late = new ArrayList<>(0);
    synchronized (this) {
      long now = nanoClock.getAsLong();
      turns.ticked();
      for (Share share : shares.values()) {
        load.watch(share);
        for (Lane lane : share.lanes) {
          for (Ticket head = lane.pending.peekFirst();
              head != null && head.isLate(now);
              head = lane.pending.peekFirst()) {
            head.over = true;
            late.add(removeHead(lane));
          }
        }
      }
    }
    late.forEach(this::refuseLate);
    pump();
  }

  void close(Lane lane) {
    var dropped = new ArrayDeque<Ticket>();
    synchronized (this) {
      if (lane.closed) {
        return;
      }
      lane.closed = true;
      while (!lane.pending.isEmpty()) {
        Ticket ticket = removeHead(lane);
        lane.heldBytes -= ticket.bytes;
        dropped.add(ticket);
      }
      load.noteActivity(lane.share);
      lane.share.lanes.remove(lane);
      load.lanesChanged(lane.share, -1);
      forgetIfUnused(lane.share);
    }
    for (Ticket ticket : dropped) {
      ticket.work.dropped(Lane.CONTEXT_IS_DESTROYED);
    }
    pump();
  }

  private void forgetIfUnused(Share share) {
    if (share.lanes.isEmpty() && share.inFlightWorks == 0) {
      shares.remove(share.tenant, share);
      load.forget(share);
    }
  }

  private Backlog backlog(Share share) {
    return turns.of(share);
  }
}
