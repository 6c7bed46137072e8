// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import java.time.Duration;
import java.util.Set;

/**
 * What all sessions of a tenant together may hold and do, beside device memory.
 *
 * @param streams streams at once
 * @param events events at once
 * @param modules modules and libraries at once
 * @param hostCallbacks host functions that were asked for and have not run
 * @param imageBytes size of one module image
 * @param uploadBytesPerSecond from the clients; 0: no limit
 * @param downloadBytesPerSecond to the clients; 0: no limit
 * @param kernelTime how long one kernel may run; zero: no limit
 * @param callGroups groups of calls that are allowed, by their names in {@link CallGroups}; empty:
 *     all
 */
public record TenantLimits(
    int streams,
    int events,
    int modules,
    int hostCallbacks,
    long imageBytes,
    long uploadBytesPerSecond,
    long downloadBytesPerSecond,
    Duration kernelTime,
    Set<String> callGroups) {
  /** The most objects of a kind that can be allowed. */
  public static final int OBJECTS_MAX = 1 << 20;

  /** The most outstanding host functions that can be allowed. */
  public static final int CALLBACKS_MAX = 1 << 16;

  /** The largest image that can be allowed. */
  public static final long IMAGE_BYTES_MAX = 256L << 20;

  /**
   * Far above what programs use, and far below what would hurt a server of some hundred sessions.
   */
  public static final TenantLimits DEFAULT =
      new TenantLimits(
          65_536, OBJECTS_MAX, 65_536, 4096, IMAGE_BYTES_MAX, 0, 0, Duration.ZERO, Set.of());

  public TenantLimits {
    callGroups = Set.copyOf(callGroups);
  }
}
