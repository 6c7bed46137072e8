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

  /** The lane whose head is to be issued now, or null while there is none or no room. */
  @Nullable Lane next() {
    for (Backlog backlog : byUrgency) {
      Lane lane = backlog.isOwed() ? next(backlog, true) : null;
      if (lane != null) {
        return lane;
      }
    }
    for (Backlog backlog : byUrgency) {
      Lane lane = next(backlog, false);
      if (lane != null) {
        return lane;
      }
    }
    return null;
  }

  /**
   * @param owed whether it is the class's minimum share, which goes before more urgent work
   */
  private @Nullable Lane next(Backlog backlog, boolean owed) {
    Share best = null;
    Lane bestLane = null;
    for (int i = 0; i < backlog.size(); i++) {
      Share share = backlog.get(i);
      Lane lane = share.nextLane();
      if (lane == null) {
        continue;
      }
      if (lane.pending.getFirst().key == Work.FREE) {
        return lane;
      }
      // A tenant that stands still by itself waits by itself.
      boolean stuck = !share.counted() && !load.hasOwnRoom(share);
      if (!stuck && (best == null || share.tag < best.tag)) {
        best = share;
        bestLane = lane;
      }
    }
    return best != null && bestLane != null && load.hasRoom(best, nextNanos(bestLane), owed)
        ? bestLane
        : null;
  }

  private static long nextNanos(Lane lane) {
    return lane.estimates.estimate(lane.pending.getFirst().key);
  }
}
