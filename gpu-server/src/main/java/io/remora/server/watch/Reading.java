// SPDX-License-Identifier: Apache-2.0
package io.remora.server.watch;

import io.remora.server.metrics.DeviceReading;
import io.remora.server.metrics.Failure;
import io.remora.server.metrics.Traffic;
import io.remora.server.queue.TenantReading;
import io.remora.server.tenant.Tenant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All counters at one moment.
 *
 * @param nanos the moment, by the monotonic clock
 * @param millis the moment, by the calendar
 * @param tenants those in force
 * @param memory what tenants' sessions hold together and may hold, by tenant
 * @param traffic by tenant, since the server started
 * @param sessions those that are there, in the order in which they came
 * @param devices by ordinal, then by tenant
 * @param refused sessions not let in
 */
record Reading(
    long nanos,
    long millis,
    List<Tenant> tenants,
    Map<String, Memory> memory,
    Map<String, Traffic> traffic,
    List<OfSession> sessions,
    List<Map<String, TenantReading>> devices,
    long refused) {

  /** A tenant's account. */
  record Memory(long usedBytes, long quotaBytes) {}

  /**
   * A session's counters.
   *
   * @param waitedNanos how long it has waited for a client whose connection was cut; -1 if it
   *     doesn't
   * @param resumes how often its client has come back
   */
  record OfSession(
      LiveSession session,
      Traffic traffic,
      List<DeviceReading> devices,
      @Nullable Failure lastFailure,
      long waitedNanos,
      long resumes) {
    long memoryBytes() {
      return devices.stream().mapToLong(DeviceReading::memoryBytes).sum();
    }
  }
}
