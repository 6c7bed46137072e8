// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import java.util.Map;
import java.util.concurrent.CompletionStage;

/** Counts tenants' sessions over the whole pool. Any thread may call. */
public interface PoolCounts {
  /**
   * Counts one more.
   *
   * @param id names the session or the promise, in the whole pool
   * @param max how many the tenant may have
   * @return completes with false if it has as many; exceptionally if that can't be found out now
   */
  CompletionStage<Boolean> take(String tenant, String id, int max);

  /** Counts one less; nothing happens if it isn't counted. */
  void give(String tenant, String id);

  /** What this member has taken, by tenant. */
  Map<String, Integer> own();
}
