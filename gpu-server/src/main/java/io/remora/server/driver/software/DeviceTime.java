// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import java.util.function.LongSupplier;

/**
 * Measures the device's time so that it adds up: while several works run at once, each is charged
 * its part of the passing time. Otherwise two tenants that run at once would both seem to have used
 * the whole device.
 */
final class DeviceTime {
  private final LongSupplier nanoClock;

  // Guarded by this. The time that one work would have been charged had it run since ever.
  private double chargedNanos;
  private long settledNanos;
  private int running;

  DeviceTime(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
  }

  /** Work begins; give the result to {@link #end}. */
  synchronized double begin() {
    settle();
    running++;
    return chargedNanos;
  }

  /** Work has ended. Returns the device time that it used. */
  synchronized long end(double begin) {
    settle();
    running--;
    return Math.max(0, Math.round(chargedNanos - begin));
  }

  private void settle() {
    long now = nanoClock.getAsLong();
    if (running > 0) {
      chargedNanos += (double) (now - settledNanos) / running;
    }
    settledNanos = now;
  }
}
