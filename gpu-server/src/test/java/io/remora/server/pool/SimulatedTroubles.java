// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * What goes wrong in a pool: members die, are cut off and are drained, a zone is parted from all
 * others, and everything is upgraded member by member meanwhile.
 */
final class SimulatedTroubles {
  private static final long SECOND = 1_000_000_000L;

  /** A pool of so many members has one trouble each second; larger ones have more. */
  private static final int MEMBERS_PER_TROUBLE = 100;

  /** So many groups of members are upgraded one after the other; a small pool has fewer. */
  private static final int UPGRADE_GROUPS = 40;

  private static final int UPGRADE_SECONDS = 5;

  private final SplittableRandom random;
  private final SimulatedTime time;
  private final SimulatedNetwork network;
  private final List<SimulatedMember> all;
  private final SimulationFigures figures;
  private final Consumer<SimulatedMember> stopped;
  private final BooleanSupplier over;

  /**
   * @param stopped is told who isn't up any more
   * @param over whether there is nobody left to trouble
   */
  SimulatedTroubles(
      SplittableRandom random,
      SimulatedTime time,
      SimulatedNetwork network,
      List<SimulatedMember> all,
      SimulationFigures figures,
      Consumer<SimulatedMember> stopped,
      BooleanSupplier over) {
    this.random = random;
    this.time = time;
    this.network = network;
    this.all = all;
    this.figures = figures;
    this.stopped = stopped;
    this.over = over;
  }

  void begin() {
    time.after(5 * SECOND, this::trouble);
    time.after(15 * SECOND, this::partition);
    time.after(20 * SECOND, () -> upgrade(0));
  }

  /** Every second something breaks, and is whole again after a while. */
  private void trouble() {
    if (over.getAsBoolean()) {
      return;
    }
    for (int i = 0; i < Math.max(1, all.size() / MEMBERS_PER_TROUBLE); i++) {
      one();
    }
    time.after(SECOND, this::trouble);
  }

  private void one() {
    SimulatedMember member = all.get(random.nextInt(all.size()));
    long healNanos = random.nextLong(SECOND, 20 * SECOND);
    switch (random.nextInt(4)) {
      case 0 -> {
        if (stop(member, SimulatedMember.End.DEATH)) {
          figures.deaths++;
          time.after(healNanos, member::start);
        }
      }
      case 1 -> {
        figures.cuts++;
        network.cut(member.name);
        time.after(healNanos, () -> network.heal(member.name));
      }
      case 2 -> {
        figures.drains++;
        member.draining = true;
        time.after(healNanos, () -> member.draining = false);
      }
      default -> {
        if (random.nextInt(10 * Math.max(1, all.size() / MEMBERS_PER_TROUBLE)) == 0) {
          figures.cuts++;
          network.cut(SimulatedNetwork.REGISTRY);
          time.after(3 * SECOND, () -> network.heal(SimulatedNetwork.REGISTRY));
        }
      }
    }
  }

  private boolean stop(SimulatedMember member, SimulatedMember.End why) {
    if (!member.up) {
      return false;
    }
    member.die().forEach(each -> each.ended().accept(why));
    stopped.accept(member);
    return true;
  }

  /** An eighth of the members reach each other only. */
  private void partition() {
    if (over.getAsBoolean()) {
      return;
    }
    int zone = random.nextInt(PoolSimulation.ZONES);
    Set<String> island = new HashSet<>();
    for (int i = zone; i < all.size(); i += PoolSimulation.ZONES) {
      island.add(all.get(i).name);
    }
    figures.partitions++;
    network.part(island);
    time.after(random.nextLong(SECOND, 20 * SECOND), network::join);
    time.after(60 * SECOND, this::partition);
  }

  /** Drains a group, gives its sessions a few seconds to move, starts it anew; then the next. */
  private void upgrade(int first) {
    if (first >= all.size() || over.getAsBoolean()) {
      return;
    }
    int next = Math.min(all.size(), first + Math.max(1, all.size() / UPGRADE_GROUPS));
    List<SimulatedMember> group =
        all.subList(first, next).stream().filter(each -> each.up).toList();
    group.forEach(each -> each.upgrading = true);
    empty(group, next, UPGRADE_SECONDS);
  }

  private void empty(List<SimulatedMember> group, int next, int seconds) {
    boolean empty = group.stream().allMatch(each -> each.isEmpty() || !each.upgrading);
    if (!empty && seconds > 0) {
      group.stream().filter(each -> each.up && each.upgrading).forEach(SimulatedMember::moveAll);
      time.after(SECOND, () -> empty(group, next, seconds - 1));
      return;
    }
    for (SimulatedMember member : group) {
      // One that has died meanwhile comes back with the other version by itself.
      if (member.upgrading && stop(member, SimulatedMember.End.UPGRADE)) {
        figures.upgrades++;
        time.after(SECOND, member::start);
      }
    }
    time.after(2 * SECOND, () -> upgrade(next));
  }
}
