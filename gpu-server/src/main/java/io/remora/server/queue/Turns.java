// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Whose turn it is: by class, each with its minimum share, and within a class by tag. Guarded by
 * the queue's lock.
 */
final class Turns {
  private final Backlog[] byUrgency;
  private final DeviceLoad load;
  private long tick;

  /** What {@link #decide} has found. */
  private @Nullable Lane chosen;

  Turns(QueueConfig config, DeviceLoad load) {
    this.load = load;
    this.byUrgency =
        Arrays.stream(LaneClass.values())
            .map(each -> new Backlog(config.shareMin(each), config.sharedInFlightNanos()))
            .toArray(Backlog[]::new);
  }

  /** The tenants of a tenant's class that wait. */
  Backlog of(Share share) {
    return byUrgency[share.laneClass.ordinal()];
  }

  /** Device time was given to somebody while others wait. */
  void earn(long nanos) {
    for (Backlog backlog : byUrgency) {
      backlog.earn(nanos);
    }
  }

  /** Counts the queue's ticks. */
  void ticked() {
    tick++;
  }

  long tick() {
    return tick;
  }

  /**
   * The lane whose head is to be issued now, or null while there is none or no room. Also null
   * while it is the turn of a tenant for whom another thread issues right now: that thread looks
   * for the next work itself in some microseconds. Anybody else would be out of turn, and the work
   * of one who was served too often has cost its time by then.
   */
  @Nullable Lane next() {
    for (Backlog backlog : byUrgency) {
      if (backlog.isOwed() && decide(backlog, true)) {
        return chosen;
      }
    }
    for (Backlog backlog : byUrgency) {
      if (decide(backlog, false)) {
        return chosen;
      }
    }
    return null;
  }

  /**
   * Looks whether it is this class's turn, and sets the lane, or null for nobody's.
   *
   * @param owed whether it is the class's minimum share, which goes before more urgent work
   */
  private boolean decide(Backlog backlog, boolean owed) {
    Share best = null;
    chosen = null;
    for (int i = 0; i < backlog.size(); i++) {
      Share share = backlog.get(i);
      Lane lane = share.nextLane();
      if (lane == null && !share.isIssuing(tick)) {
        continue;
      }
      if (lane != null && lane.pending.getFirst().key == Work.FREE) {
        chosen = lane;
        return true;
      }
      // A tenant that stands still by itself waits by itself.
      boolean stuck = !share.counted() && !load.hasOwnRoom(share);
      if (!stuck && (best == null || share.tag < best.tag)) {
        best = share;
        chosen = lane;
      }
    }
    return best != null && load.hasRoom(best, chosen == null ? 0 : nextNanos(chosen), owed);
  }

  private static long nextNanos(Lane lane) {
    return lane.estimates.estimate(lane.pending.getFirst().key);
  }
}
