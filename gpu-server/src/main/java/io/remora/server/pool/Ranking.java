// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.v1.MemberDevice;
import io.remora.v1.MemberState;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

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

  /** Of how many members, on average, one is chosen. */
  private static final int LOOKED_AT = 8;

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
      OptionalDouble score = score(member, demand);
      if (score.isPresent()) {
        scored.add(new Scored<>(member, score.getAsDouble(), tie(member, draw)));
      }
    }
    return sorted(scored);
  }

  /**
   * The member to ask first: the first of {@link #members} in small pools. Of many members only
   * some are looked at, drawn anew for each session, because all that place know the same, a second
   * late, and would all choose the few that have just come back empty; the best of a few drawn ones
   * is nearly as good (Mitzenmacher, The power of two choices in randomized load balancing, 2001).
   * A policy that packs wants all of them to choose the same.
   *
   * @param draw any number
   */
  static Optional<MemberState> best(List<MemberState> members, Demand demand, int draw) {
    boolean some = demand.policy() != Policy.PACK && members.size() > LOOKED_AT;
    Optional<MemberState> best = Optional.empty();
    if (some) {
      long part = ((long) LOOKED_AT << Integer.SIZE) / members.size();
      best =
          bestOf(
              members.stream()
                  .filter(each -> Integer.toUnsignedLong(tie(each, draw)) < part)
                  .toList(),
              demand,
              draw);
    }
    // None of those that were drawn has room.
    return best.isEmpty() ? bestOf(members, demand, draw) : best;
  }

  /** The first of {@link #members}, without putting the others in order. */
  private static Optional<MemberState> bestOf(List<MemberState> members, Demand demand, int draw) {
    @Nullable MemberState best = null;
    double least = 0;
    for (MemberState member : members) {
      OptionalDouble score = score(member, demand);
      if (score.isEmpty()) {
        continue;
      }
      int order = best == null ? -1 : Double.compare(score.getAsDouble(), least);
      if (order < 0 || (order == 0 && best != null && tie(member, draw) < tie(best, draw))) {
        best = member;
        least = score.getAsDouble();
      }
    }
    return Optional.ofNullable(best);
  }

  private static int tie(MemberState member, int draw) {
    int mixed = (member.getName().hashCode() ^ draw) * SPREAD_BITS;
    return (mixed ^ mixed >>> 15) * SPREAD_BITS;
  }

  /** The sum over the devices that the session would get; empty if there are too few. */
  private static OptionalDouble score(MemberState member, Demand demand) {
    double[] scores = new double[member.getDevicesCount()];
    int room = 0;
    for (MemberDevice device : member.getDevicesList()) {
      if (Fitness.hasRoom(device, demand.memoryBytes())) {
        scores[room++] = score(device, demand.policy());
      }
    }
    if (room < demand.devices()) {
      return OptionalDouble.empty();
    }
    Arrays.sort(scores, 0, room);
    double sum = 0;
    for (int i = 0; i < demand.devices(); i++) {
      sum += scores[i];
    }
    return OptionalDouble.of(sum);
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
