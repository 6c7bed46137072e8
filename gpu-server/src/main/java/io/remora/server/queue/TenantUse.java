// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

/**
 * What a tenant has used of one device since the queue began.
 *
 * @param deviceNanos device time of ended work, measured where the driver measures, else estimated
 * @param queueNanos time that issued work had waited in the queue
 * @param works works issued
 */
public record TenantUse(long deviceNanos, long queueNanos, long works) {
  static final TenantUse NONE = new TenantUse(0, 0, 0);

  /** Counts one tenant's use. Guarded by the queue's lock. */
  static final class Counter {
    long deviceNanos;
    long queueNanos;
    long works;
    final TimeHistogram queueTimes = new TimeHistogram();
    final TimeHistogram runTimes = new TimeHistogram();

    TenantUse read() {
      return new TenantUse(deviceNanos, queueNanos, works);
    }
  }
}
