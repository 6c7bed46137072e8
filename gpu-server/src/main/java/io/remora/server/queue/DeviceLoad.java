// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What is in flight on the device, who uses it, and so whether there is room for more. Guarded by
 * the queue's lock.
 */
final class DeviceLoad {
  // Overdue means four times longer than all that is in flight should take: estimates of new
  // kernels are wrong, and a device shared by many is slower for each. And at least so long,
  // because a loaded host can keep any thread waiting for some tens of milliseconds; a tenant that
  // is taken for overdue by mistake loses its turn.
  private static final int OVERDUE_FACTOR = 4;
  private static final long OVERDUE_NANOS_MIN = 50_000_000;

  private final QueueConfig config;
  private final LongSupplier nanoClock;

  /** Estimated time in flight of all tenants that count, and of those of class LATENCY. */
  private long countedNanos;

  private long urgentNanos;
  private int activeShares;
  private @Nullable Share lastSubmitter;
  private boolean sharedRecently;
  private long sharedUntilNanos;
  private final HandOver handOver = new HandOver();
  private int inFlightWorks;

  /** Lanes of tenants of class LATENCY. */
  private int urgentLanes;

  private boolean urgentRecently;
  private long urgentUntilNanos;

  DeviceLoad(QueueConfig config, LongSupplier nanoClock) {
    this.config = config;
    this.nanoClock = nanoClock;
  }

  /** Work that needs the device came from this tenant. */
  void submitted(Share share) {
    if (share.laneClass == LaneClass.LATENCY) {
      urgentRecently = true;
      urgentUntilNanos = nanoClock.getAsLong() + config.competitionNanos();
    }
    if (lastSubmitter != share) {
      if (lastSubmitter != null) {
        sharedRecently = true;
        sharedUntilNanos = nanoClock.getAsLong() + config.competitionNanos();
      }
      lastSubmitter = share;
    }
  }

  void forget(Share share) {
    if (lastSubmitter == share) {
      lastSubmitter = null;
    }
  }

  /** Called whenever a tenant's pending or in-flight work has changed. */
  void noteActivity(Share share) {
    boolean active = share.pendingWorks > 0 || share.inFlightNanos > 0;
    if (active != share.active) {
      share.active = active;
      activeShares += active ? 1 : -1;
    }
  }

  void add(Share share, long nanos) {
    share.inFlightNanos += nanos;
    if (share.counted()) {
      count(share, nanos);
    }
    noteActivity(share);
  }

  /** A lane was opened or closed. */
  void lanesChanged(Share share, int by) {
    if (share.laneClass == LaneClass.LATENCY) {
      urgentLanes += by;
    }
  }

  /** Work goes to the device that takes time there. */
  void issued(Ticket ticket) {
    ticket.issuedNanos = nanoClock.getAsLong();
    ticket.issuedAlone = inFlightWorks++ == 0;
  }

  /**
   * Such work is over.
   *
   * @param deviceNanos what it took, or -1 if that is not known
   */
  void ended(Ticket ticket, long deviceNanos) {
    inFlightWorks--;
    if (ticket.issuedAlone && deviceNanos > 0) {
      handOver.observed(nanoClock.getAsLong() - ticket.issuedNanos - deviceNanos);
    }
  }

  /**
   * Whether one more work of this tenant may go to the device.
   *
   * @param nextNanos its estimate
   * @param owed whether its class is owed time, so that urgent work makes way
   */
  boolean hasRoom(Share share, long nextNanos, boolean owed) {
    if (!hasOwnRoom(share)) {
      return false;
    }
    if (share.laneClass == LaneClass.LATENCY) {
      return urgentNanos < sharedBoundNanos() || isAlone(share);
    }
    if (!owed && isUrgentRecently()) {
      return countedNanos < Math.min(handOver.leanBoundNanos(nextNanos), sharedBoundNanos());
    }
    return countedNanos < sharedBoundNanos() || isAlone(share);
  }

  /**
   * Whether the tenant is within its bound. While it waits for the host and nothing of it moves,
   * the bound grows from tick to tick: what would let it go on may be work that is behind the rest.
   */
  boolean hasOwnRoom(Share share) {
    long bound = isAlone(share) ? config.aloneInFlightNanos() : sharedBoundNanos();
    long quiet = share.waitingForHost > 0 ? share.quietTicks : 0;
    return share.inFlightNanos / (1 + quiet) < bound;
  }

  private long sharedBoundNanos() {
    return handOver.sharedBoundNanos(config.sharedInFlightNanos());
  }

  /** Nobody else is there, was there a moment ago, or may come and be in a hurry. */
  private boolean isAlone(Share share) {
    if (activeShares > (share.active ? 1 : 0)
        || (urgentLanes > 0 && share.laneClass != LaneClass.LATENCY)) {
      return false;
    }
    if (sharedRecently && nanoClock.getAsLong() - sharedUntilNanos >= 0) {
      sharedRecently = false;
    }
    return !sharedRecently;
  }

  private boolean isUrgentRecently() {
    if (urgentRecently && nanoClock.getAsLong() - urgentUntilNanos >= 0) {
      urgentRecently = false;
    }
    return urgentRecently;
  }

  /** Work that waits for the host was issued: the tenant may stand still from now on. */
  void suspend(Share share) {
    uncount(share);
    share.waitingForHost++;
  }

  /** Such work is over. Returns whether the tenant counts again. */
  boolean resume(Share share) {
    share.waitingForHost--;
    return recount(share);
  }

  /** Work of the tenant has ended: if it was overdue it counts again. */
  void moved(Share share) {
    share.ended++;
    if (share.overdue) {
      share.overdue = false;
      recount(share);
    }
  }

  /** Called every tick: looks whether what the tenant has in flight moves. */
  void watch(Share share) {
    if (share.inFlightNanos == 0 || share.ended != share.endedAtTick) {
      share.endedAtTick = share.ended;
      share.quietTicks = 0;
      return;
    }
    share.quietTicks++;
    long expectedNanos = OVERDUE_FACTOR * Math.max(countedNanos, share.inFlightNanos);
    long quietNanos = share.quietTicks * config.tickNanos();
    if (!share.overdue && quietNanos > Math.max(expectedNanos, OVERDUE_NANOS_MIN)) {
      uncount(share);
      share.overdue = true;
    }
  }

  /** Moves what the tenant has in flight to another class. */
  void reclassify(Share share, LaneClass laneClass) {
    uncount(share);
    lanesChanged(share, -share.lanes.size());
    share.laneClass = laneClass;
    lanesChanged(share, share.lanes.size());
    if (share.counted()) {
      count(share, share.inFlightNanos);
    }
  }

  private void uncount(Share share) {
    if (share.counted()) {
      count(share, -share.inFlightNanos);
    }
  }

  private boolean recount(Share share) {
    boolean counted = share.counted();
    if (counted) {
      count(share, share.inFlightNanos);
    }
    return counted;
  }

  private void count(Share share, long nanos) {
    countedNanos += nanos;
    if (share.laneClass == LaneClass.LATENCY) {
      urgentNanos += nanos;
    }
  }
}
