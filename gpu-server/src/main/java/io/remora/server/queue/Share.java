// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A tenant's share of a device: one weight for all its lanes. Guarded by the queue's lock.
 *
 * <p>The start tag is the device time that the tenant was given, divided by its weight; the tenant
 * with the least tag of its class is served next.
 */
final class Share {
  /** The first may come at once. */
  private static final int PATIENCE_TICKS = 2;

  final String tenant;
  final List<Lane> lanes = new ArrayList<>();
  final TenantUse.Counter use;
  int weight;
  LaneClass laneClass;
  LanePolicy policy;

  /** Start tag among the tenants of the class. */
  double tag;

  /** Largest lane tag served: where a lane that was idle joins in. */
  double laneVirtualTime;

  /** Has work pending or in flight that needs the device; kept by {@link DeviceLoad}. */
  boolean active;

  int pendingWorks;
  int inFlightWorks;
  long inFlightNanos;

  /** Open works that wait for the host; see {@link Work#waitsForHost}. */
  int waitingForHost;

  /** Nothing has ended for much longer than what is in flight should take. */
  boolean overdue;

  /** Works ended; {@link #endedAtTick} and {@link #quietTicks} watch whether it moves. */
  long ended;

  long endedAtTick;
  int quietTicks;

  Share(String tenant, int weight, LaneClass laneClass, LanePolicy policy, TenantUse.Counter use) {
    this.tenant = tenant;
    this.weight = weight;
    this.laneClass = laneClass;
    this.policy = policy;
    this.use = use;
  }

  /** Whether what is in flight is a load on the device, as far as can be known. */
  boolean counted() {
    return waitingForHost == 0 && !overdue;
  }

  /**
   * Whether a thread has been issuing for this tenant only since a moment ago, by the queue's
   * ticks: it will be back for the next work before anybody misses it.
   */
  boolean isIssuing(long tick) {
    for (int i = 0; i < lanes.size(); i++) {
      Lane lane = lanes.get(i);
      if (lane.issuing && tick - lane.issuingTick < PATIENCE_TICKS) {
        return true;
      }
    }
    return false;
  }

  /** The lane whose head is to be issued next, or null if all with work are issuing already. */
  @Nullable Lane nextLane() {
    Lane next = null;
    for (int i = 0; i < lanes.size(); i++) {
      Lane lane = lanes.get(i);
      Ticket head = lane.issuing ? null : lane.pending.peekFirst();
      if (head == null) {
        continue;
      }
      if (head.key == Work.FREE) {
        return lane;
      }
      if (next == null || lane.tag < next.tag) {
        next = lane;
      }
    }
    return next;
  }
}
