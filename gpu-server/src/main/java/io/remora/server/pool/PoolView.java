// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.v1.KnownMember;
import io.remora.v1.MemberDevice;
import io.remora.v1.MemberState;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
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

  /** How many sessions each tenant has on all members: the sum of what their states say. */
  private final Map<String, Integer> tenantSessions = new HashMap<>();

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
      replace(member, now);
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
    replace(state.getName(), new Known(state, nanoClock.getAsLong()));
  }

  private void replace(String member, Known now) {
    Known before = members.put(member, now);
    count(before == null ? Map.of() : before.state.getTenantSessionsMap(), now.state);
  }

  /** Keeps the tenants' sums when one member says something else than before. */
  private void count(Map<String, Integer> before, MemberState now) {
    Map<String, Integer> after = now.getTenantSessionsMap();
    if (!before.equals(after)) {
      before.forEach((tenant, sessions) -> add(tenant, -sessions));
      after.forEach(this::add);
    }
  }

  private void add(String tenant, int sessions) {
    int sum = tenantSessions.getOrDefault(tenant, 0) + sessions;
    if (sum == 0) {
      tenantSessions.remove(tenant);
    } else {
      tenantSessions.put(tenant, sum);
    }
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
    Known before = members.remove(member);
    if (before != null) {
      count(before.state.getTenantSessionsMap(), MemberState.getDefaultInstance());
    }
  }

  /** Forgets members that aren't among these. */
  public synchronized void retain(Set<String> names) {
    List<String> others = new ArrayList<>(members.keySet());
    others.removeAll(names);
    others.forEach(this::remove);
  }

  /** The members that were heard of lately. */
  public synchronized List<MemberState> reachable() {
    long now = nanoClock.getAsLong();
    List<MemberState> reachable = new ArrayList<>(members.size());
    for (Known known : members.values()) {
      if (isReachable(known, now)) {
        reachable.add(known.state);
      }
    }
    return reachable;
  }

  /** What is known of all members, also of silent ones, and of those of which nothing is. */
  synchronized List<MemberState> states() {
    List<MemberState> states = new ArrayList<>(members.size());
    members.values().forEach(each -> states.add(each.state));
    return states;
  }

  private boolean isReachable(Known known, long now) {
    return known.trouble == null && now - known.heardNanos <= staleNanos;
  }

  /** All members, for people. */
  public synchronized List<KnownMember> all() {
    long now = nanoClock.getAsLong();
    List<KnownMember> all = new ArrayList<>();
    for (Known known : members.values()) {
      boolean reachable = isReachable(known, now);
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
    // What a member had that doesn't answer may be there still, so all of them count.
    int everywhere = tenantSessions.getOrDefault(tenant, 0);
    Known known = members.get(member);
    int there = known == null ? 0 : known.state.getTenantSessionsOrDefault(tenant, 0);
    return everywhere - there;
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
    add(demand.tenant(), 1);
  }
}
