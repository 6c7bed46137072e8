// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * Counts what this member has exactly, and what others have as they said last: two members that let
 * a session in within the same second may not know of each other's.
 */
public final class SeenCounts implements PoolCounts {
  private final String self;
  private final PoolView view;
  private final Map<String, Set<String>> taken = new HashMap<>();

  /**
   * @param self the member's own name
   */
  public SeenCounts(String self, PoolView view) {
    this.self = self;
    this.view = view;
  }

  @Override
  public CompletionStage<Boolean> take(String tenant, String id, int max) {
    int elsewhere = view.sessionsElsewhere(tenant, self);
    synchronized (this) {
      Set<String> own = taken.computeIfAbsent(tenant, name -> new HashSet<>());
      boolean room = own.contains(id) || own.size() + elsewhere < max;
      if (room) {
        own.add(id);
      } else if (own.isEmpty()) {
        taken.remove(tenant);
      }
      return CompletableFuture.completedFuture(room);
    }
  }

  @Override
  public synchronized void give(String tenant, String id) {
    Set<String> own = taken.get(tenant);
    if (own != null && own.remove(id) && own.isEmpty()) {
      taken.remove(tenant);
    }
  }

  @Override
  public synchronized Map<String, Integer> own() {
    Map<String, Integer> own = new HashMap<>();
    taken.forEach((tenant, ids) -> own.put(tenant, ids.size()));
    return own;
  }
}
