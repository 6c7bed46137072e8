// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * What etcd is to a pool: it counts one after the other, and forgets what a member has when that
 * was silent for as long as a lease lasts.
 */
final class SimulatedRegistry {
  static final long LEASE_NANOS = 10_000_000_000L;

  private final SimulatedTime time;

  /** By tenant: MEMBER/ID. */
  private final Map<String, Set<String>> counted = new HashMap<>();

  private final Map<String, Long> heardNanos = new HashMap<>();

  /** What members want to delete and couldn't yet: MEMBER/ID. */
  private final Set<String> leftovers = new HashSet<>();

  SimulatedRegistry(SimulatedTime time) {
    this.time = time;
  }

  int count(String tenant) {
    return counted.getOrDefault(tenant, Set.of()).size();
  }

  int total() {
    return counted.values().stream().mapToInt(Set::size).sum();
  }

  /** What it counts beyond what members have and are about to delete; empty if it is exact. */
  Set<String> unknown(Map<String, Of> members) {
    Set<String> unknown = new HashSet<>();
    counted.forEach(
        (tenant, ids) -> {
          for (String id : ids) {
            int slash = id.indexOf('/');
            Of of = members.get(id.substring(0, slash));
            if (!leftovers.contains(id)
                && (of == null || !of.has(tenant, id.substring(slash + 1)))) {
              unknown.add(id);
            }
          }
        });
    return unknown;
  }

  /** Ends leases that were not renewed. */
  void expire() {
    Iterator<Map.Entry<String, Long>> each = heardNanos.entrySet().iterator();
    while (each.hasNext()) {
      Map.Entry<String, Long> member = each.next();
      if (time.nanos() - member.getValue() > LEASE_NANOS) {
        String prefix = member.getKey() + "/";
        counted.values().forEach(ids -> ids.removeIf(id -> id.startsWith(prefix)));
        each.remove();
      }
    }
  }

  /** One member's counts. */
  final class Of implements PoolCounts {
    private final String member;
    private final SimulatedNetwork network;
    private final Map<String, Set<String>> taken = new HashMap<>();

    Of(String member, SimulatedNetwork network) {
      this.member = member;
      this.network = network;
    }

    /** Whether it has counted something and not given it back. */
    boolean has(String tenant, String id) {
      return taken.getOrDefault(tenant, Set.of()).contains(id);
    }

    /** All that it has counted. */
    Set<String> ids() {
      Set<String> ids = new HashSet<>();
      taken.values().forEach(ids::addAll);
      return ids;
    }

    /** Whether the registry counts all that this has, as it does after each heartbeat. */
    boolean isCounted() {
      if (!heardNanos.getOrDefault(member, -1L).equals(time.nanos())) {
        return true;
      }
      return taken.entrySet().stream()
          .allMatch(
              each ->
                  each.getValue().stream()
                      .allMatch(
                          id ->
                              counted
                                  .getOrDefault(each.getKey(), Set.of())
                                  .contains(member + "/" + id)));
    }

    /** Renews the lease; what etcd has forgotten meanwhile is counted again, whatever the limit. */
    void beat() {
      if (network.reaches(member, SimulatedNetwork.REGISTRY)) {
        heardNanos.put(member, time.nanos());
        taken.forEach((tenant, ids) -> ids.forEach(id -> add(tenant, id)));
      }
    }

    private void add(String tenant, String id) {
      counted.computeIfAbsent(tenant, name -> new HashSet<>()).add(member + "/" + id);
    }

    @Override
    public CompletionStage<Boolean> take(String tenant, String id, int max) {
      CompletableFuture<Boolean> result = new CompletableFuture<>();
      network.send(
          member,
          SimulatedNetwork.REGISTRY,
          () -> {
            if (!heardNanos.containsKey(member)) {
              result.completeExceptionally(new IllegalStateException("its lease has ended"));
              return;
            }
            boolean room = count(tenant) < max;
            if (room) {
              add(tenant, id);
              taken.computeIfAbsent(tenant, name -> new HashSet<>()).add(id);
            }
            network.send(
                SimulatedNetwork.REGISTRY,
                member,
                () -> result.complete(room),
                () -> lost(tenant, id, result));
          },
          () -> result.completeExceptionally(new IllegalStateException("no registry")));
      return result;
    }

    /** The member doesn't know that it was counted, and takes it back. */
    private void lost(String tenant, String id, CompletableFuture<Boolean> result) {
      give(tenant, id);
      result.completeExceptionally(new IllegalStateException("no registry"));
    }

    @Override
    public void give(String tenant, String id) {
      Set<String> own = taken.get(tenant);
      if (own == null || !own.remove(id)) {
        return;
      }
      if (own.isEmpty()) {
        taken.remove(tenant);
      }
      forget(tenant, id);
    }

    /** A member that starts anew has nothing of what was counted for its name. */
    void forgetAll() {
      taken.forEach((tenant, ids) -> ids.forEach(id -> forget(tenant, id)));
      taken.clear();
    }

    private void forget(String tenant, String id) {
      String key = member + "/" + id;
      if (network.reaches(member, SimulatedNetwork.REGISTRY)) {
        leftovers.remove(key);
        counted.getOrDefault(tenant, new HashSet<>()).remove(key);
      } else {
        leftovers.add(key);
        // As leftovers are deleted when etcd is back.
        time.after(1_000_000_000, () -> forget(tenant, id));
      }
    }

    @Override
    public Map<String, Integer> own() {
      Map<String, Integer> own = new HashMap<>();
      taken.forEach((tenant, ids) -> own.put(tenant, ids.size()));
      return own;
    }
  }
}
