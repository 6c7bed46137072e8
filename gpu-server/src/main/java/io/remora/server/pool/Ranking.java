// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.v1.MemberDevice;
import io.remora.v1.MemberState;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Puts devices and members in the order in which a policy wants them. What is equal to the policy
 * is decided by a number that the caller draws, so that several members that place at the same time
 * don't all choose the same.
 */
final class Ranking {
  /** A queue as long as this counts as a whole busy device. */
  private static final double QUEUE_NANOS = 10_000_000;

  /** What a session is expected to do of which nothing is measured yet. */
  private static final double NEWCOMER = 0.5;

  private static final int SPREAD_BITS = 0x9E3779B9;

  private Ranking() {}

  private record Scored<T>(T it, double score, int tie) {}

  /**
   * The members that could take the session now, best first.
   *
   * @param draw any number
   */
  static List<MemberState> members(List<MemberState> members, Demand demand, int draw) {
    List<Scored<MemberState>> scored = new ArrayList<>();
    for (MemberState member : members) {
      List<MemberDevice> room = Fitness.room(member, demand);
      if (room.size() < demand.devices()) {
        continue;
      }
      double score =
          devices(room, demand.policy()).stream()
              .limit(demand.devices())
              .mapToDouble(each -> score(each, demand.policy()))
              .sum();
      scored.add(new Scored<>(member, score, (member.getName().hashCode() ^ draw) * SPREAD_BITS));
    }
    return sorted(scored);
  }

  /** Devices, best first. */
  static List<MemberDevice> devices(List<MemberDevice> devices, Policy policy) {
    return sorted(
        devices.stream()
            .map(each -> new Scored<>(each, score(each, policy), each.getOrdinal()))
            .toList());
  }

  private static <T> List<T> sorted(List<Scored<T>> scored) {
    return scored.stream()
        .sorted(Comparator.<Scored<T>>comparingDouble(Scored::score).thenComparingInt(Scored::tie))
        .map(Scored::it)
        .toList();
  }

  /** The lower, the better. */
  private static double score(MemberDevice device, Policy policy) {
    return switch (policy) {
      case PACK -> -fullness(device);
      case SPREAD -> (double) device.getSessions() / device.getSessionsMax();
      case LEAST_LOADED ->
          device.getBusy()
              + device.getRecent() * NEWCOMER
              + Math.min(1, device.getQueueNanos() / QUEUE_NANOS)
              + (double) device.getTakenBytes() / Math.max(1, device.getMemoryBytes());
    };
  }

  /** Whichever of memory and places is scarcer. */
  private static double fullness(MemberDevice device) {
    return Math.max(
        (double) device.getTakenBytes() / Math.max(1, device.getMemoryBytes()),
        (double) device.getSessions() / device.getSessionsMax());
  }
}
