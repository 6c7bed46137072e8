// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.v1.KnownMember;
import io.remora.v1.MemberDevice;
import io.remora.v1.MemberState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a member knows of all members, itself included. What it has placed on another one counts
 * until that one says something newer. Any thread may call.
 */
public final class PoolView {
  private final LongSupplier nanoClock;
  private final long staleNanos;
  private final Map<String, Known> members = new TreeMap<>();

  private static final class Known {
    MemberState state;
    long heardNanos;
    @Nullable String trouble;

    Known(MemberState state, long heardNanos) {
      this.state = state;
      this.heardNanos = heardNanos;
    }
  }

  /**
   * @param nanoClock as {@link System#nanoTime}
   * @param stale a member that was silent for so long isn't placed on
   */
  public PoolView(LongSupplier nanoClock, Duration stale) {
    this.nanoClock = nanoClock;
    staleNanos = stale.toNanos();
  }

  /** Whether a member has ever said how it stands. */
  static boolean isKnown(MemberState state) {
    return !state.getIncarnation().isEmpty();
  }

  /** A member is on a list; nothing was heard of it yet. */
  public synchronized void listed(String member, String server) {
    Known known = members.get(member);
    if (known == null || !known.state.getServer().equals(server)) {
      Known now =
          new Known(
              MemberState.newBuilder().setName(member).setServer(server).build(),
              nanoClock.getAsLong());
      now.trouble = "nothing was heard of it yet";
      members.put(member, now);
    }
  }

  /** A member has said how it stands. */
  public synchronized void heard(MemberState state) {
    Known known = members.get(state.getName());
    boolean old =
        known != null
            && known.state.getIncarnation().equals(state.getIncarnation())
            && known.state.getRevision() > state.getRevision();
    if (old) {
      return;
    }
    Known now = new Known(state, nanoClock.getAsLong());
    members.put(state.getName(), now);
  }

  /** A member didn't answer. */
  public synchronized void lost(String member, String why) {
    Known known = members.get(member);
    if (known != null) {
      known.trouble = why;
    }
  }

  /** A member is one no more. */
  public synchronized void remove(String member) {
    members.remove(member);
  }

  /** Forgets members that aren't among these. */
  public synchronized void retain(Set<String> names) {
    members.keySet().retainAll(names);
  }

  /** The members that were heard of lately. */
  public synchronized List<MemberState> reachable() {
    List<MemberState> reachable = new ArrayList<>();
    for (Known known : members.values()) {
      if (isReachable(known)) {
        reachable.add(known.state);
      }
    }
    return reachable;
  }

  private boolean isReachable(Known known) {
    return known.trouble == null && nanoClock.getAsLong() - known.heardNanos <= staleNanos;
  }

  /** All members, for people. */
  public synchronized List<KnownMember> all() {
    List<KnownMember> all = new ArrayList<>();
    for (Known known : members.values()) {
      boolean reachable = isReachable(known);
      String trouble = known.trouble == null ? "it is silent" : known.trouble;
      all.add(
          KnownMember.newBuilder()
              .setState(known.state)
              .setReachable(reachable)
              .setTrouble(reachable ? "" : trouble)
              .build());
    }
    return all;
  }

  /** How many sessions a tenant has on the members but one, as far as is known. */
  public synchronized int sessionsElsewhere(String tenant, String member) {
    int sum = 0;
    for (Known known : members.values()) {
      // What a member had that doesn't answer may be there still.
      if (!known.state.getName().equals(member)) {
        sum += known.state.getTenantSessionsOrDefault(tenant, 0);
      }
    }
    return sum;
  }

  /** Counts a session that was just promised on a member. */
  public synchronized void placed(String member, Demand demand) {
    Known known = members.get(member);
    if (known == null) {
      return;
    }
    List<Integer> chosen =
        Ranking.devices(Fitness.room(known.state, demand), demand.policy()).stream()
            .limit(demand.devices())
            .map(MemberDevice::getOrdinal)
            .toList();
    MemberState.Builder state = known.state.toBuilder();
    for (MemberDevice.Builder device : state.getDevicesBuilderList()) {
      if (chosen.contains(device.getOrdinal())) {
        device
            .setSessions(device.getSessions() + 1)
            .setRecent(device.getRecent() + 1)
            .setTakenBytes(device.getTakenBytes() + demand.memoryBytes());
      }
    }
    int before = state.getTenantSessionsOrDefault(demand.tenant(), 0);
    known.state = state.putTenantSessions(demand.tenant(), before + 1).build();
  }
}
