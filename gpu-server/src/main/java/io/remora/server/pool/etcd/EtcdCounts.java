// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool.etcd;

import com.google.protobuf.ByteString;
import io.remora.server.pool.PoolCounts;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/**
 * Counts tenants' sessions by transactions. What a member has taken hangs on its lease. Any thread
 * may call the methods of {@link PoolCounts}; the others are for the pool's thread, on which all
 * work is done.
 */
final class EtcdCounts implements PoolCounts {
  private static final int ATTEMPTS_MAX = 100;

  /** A member's registration, as far as counting needs it. */
  interface Ground {
    /** Whether etcd knows the member, and goes on knowing it. */
    boolean isFirm();

    /** Another one after each loss of etcd. */
    int era();

    /** The member's lease. */
    long lease();

    /** Runs on the pool's thread. */
    void run(Runnable task);

    /** Runs on the pool's thread in the same era only; a failure ends the era. */
    void onThread(int at, @Nullable Throwable failure, Runnable next);
  }

  private final EtcdKeys keys;
  private final SessionKeys sessionKeys;
  private final String self;
  private final EtcdClient client;
  private final Ground ground;

  /** Sessions and promises of this member, by tenant; guarded by itself. */
  private final Map<String, Set<String>> taken = new HashMap<>();

  /** Keys that have to go and may still be there. */
  private final Set<ByteString> leftovers = new HashSet<>();

  EtcdCounts(EtcdKeys keys, String self, EtcdClient client, Ground ground) {
    this.keys = keys;
    this.self = self;
    this.client = client;
    this.ground = ground;
    sessionKeys = new SessionKeys(keys, self);
  }

  /** Deletes what could not be deleted before. */
  void deleteLeftovers() {
    int at = ground.era();
    for (ByteString key : Set.copyOf(leftovers)) {
      var unused =
          client
              .delete(key)
              .whenComplete(
                  (done, failure) -> ground.onThread(at, failure, () -> leftovers.remove(key)));
    }
  }

  /** Counts sessions that are there already, whatever the limits say. */
  CompletableFuture<?> putAgain() {
    CompletableFuture<?> all = CompletableFuture.completedFuture(null);
    synchronized (taken) {
      for (Map.Entry<String, Set<String>> tenant : taken.entrySet()) {
        for (String id : tenant.getValue()) {
          ByteString key = keys.session(tenant.getKey(), self, id);
          leftovers.remove(key);
          all =
              all.thenCombine(
                  client.put(key, ByteString.EMPTY, ground.lease()), (one, other) -> one);
        }
      }
    }
    return all;
  }

  @Override
  public CompletionStage<Boolean> take(String tenant, String id, int max) {
    CompletableFuture<Boolean> result = new CompletableFuture<>();
    ground.run(() -> attempt(tenant, id, max, 0, result));
    return result;
  }

  private void attempt(
      String tenant, String id, int max, int attempts, CompletableFuture<Boolean> result) {
    if (!ground.isFirm() || attempts == ATTEMPTS_MAX) {
      result.completeExceptionally(new IllegalStateException("etcd can't be reached"));
      return;
    }
    int at = ground.era();
    var unused =
        client
            .transact(sessionKeys.look(tenant))
            .thenApply(SessionKeys.Seen::of)
            .whenComplete(
                (seen, failure) ->
                    ground.run(
                        () -> {
                          if (failure != null) {
                            result.completeExceptionally(failure);
                          } else if (seen.count() >= max) {
                            result.complete(false);
                          } else {
                            add(at, tenant, id, max, attempts, seen, result);
                          }
                        }));
  }

  private void add(
      int at,
      String tenant,
      String id,
      int max,
      int attempts,
      SessionKeys.Seen seen,
      CompletableFuture<Boolean> result) {
    if (at != ground.era()) {
      result.completeExceptionally(new IllegalStateException("etcd was lost meanwhile"));
      return;
    }
    var unused =
        client
            .transact(sessionKeys.add(tenant, id, seen, ground.lease()))
            .whenComplete(
                (done, failure) ->
                    ground.run(
                        () -> {
                          if (failure != null) {
                            // It may have been done all the same.
                            leftovers.add(keys.session(tenant, self, id));
                            result.completeExceptionally(failure);
                          } else if (done.getSucceeded()) {
                            synchronized (taken) {
                              taken.computeIfAbsent(tenant, each -> new HashSet<>()).add(id);
                            }
                            result.complete(true);
                          } else {
                            attempt(tenant, id, max, attempts + 1, result);
                          }
                        }));
  }

  @Override
  public void give(String tenant, String id) {
    synchronized (taken) {
      Set<String> ids = taken.get(tenant);
      if (ids == null || !ids.remove(id)) {
        return;
      }
      if (ids.isEmpty()) {
        taken.remove(tenant);
      }
    }
    ground.run(
        () -> {
          ByteString key = keys.session(tenant, self, id);
          leftovers.add(key);
          int at = ground.era();
          if (ground.isFirm()) {
            var unused =
                client
                    .delete(key)
                    .whenComplete(
                        (done, failure) ->
                            ground.onThread(at, failure, () -> leftovers.remove(key)));
          }
        });
  }

  @Override
  public Map<String, Integer> own() {
    Map<String, Integer> own = new HashMap<>();
    synchronized (taken) {
      taken.forEach((tenant, ids) -> own.put(tenant, ids.size()));
    }
    return own;
  }
}
