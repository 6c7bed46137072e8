// SPDX-License-Identifier: Apache-2.0
package io.remora.server.watch;

import io.remora.server.queue.TenantReading;
import io.remora.server.tenant.Tenant;
import java.util.HashMap;
import java.util.Map;

/**
 * Who used one device between two looks, and how much of it.
 *
 * @param tenants by name, those only that used it or wanted to
 */
record Shares(Map<String, OfTenant> tenants) {
  private static final Shares NOBODY = new Shares(Map.of());

  /**
   * One tenant's part.
   *
   * @param asked its weight's part of the weights of those who used the device
   * @param got its part of the device time
   * @param busy its device time by the time between the looks
   * @param runNanos its device time
   */
  record OfTenant(double asked, double got, double busy, long runNanos) {
    static final OfTenant NONE = new OfTenant(0, 0, 0, 0);
  }

  private record Used(int weight, long nanos) {}

  static Shares between(Reading last, Reading now, int device) {
    long span = now.nanos() - last.nanos();
    if (span <= 0) {
      return NOBODY;
    }
    Map<String, Used> used = new HashMap<>();
    double allWeights = 0;
    double allNanos = 0;
    for (Map.Entry<String, TenantReading> each : now.devices().get(device).entrySet()) {
      TenantReading reading = each.getValue();
      TenantReading before = last.devices().get(device).get(each.getKey());
      long nanos = reading.use().deviceNanos() - (before == null ? 0 : before.use().deviceNanos());
      if (nanos > 0 || wants(reading)) {
        Used one = new Used(weight(now, each.getKey()), nanos);
        used.put(each.getKey(), one);
        allWeights += one.weight();
        allNanos += nanos;
      }
    }
    Map<String, OfTenant> tenants = new HashMap<>();
    for (Map.Entry<String, Used> each : used.entrySet()) {
      long nanos = each.getValue().nanos();
      tenants.put(
          each.getKey(),
          new OfTenant(
              each.getValue().weight() / allWeights,
              allNanos == 0 ? 0 : nanos / allNanos,
              (double) nanos / span,
              nanos));
    }
    return new Shares(tenants);
  }

  private static boolean wants(TenantReading reading) {
    return reading.pending() > 0 || reading.inFlight() > 0;
  }

  /** A tenant that was removed while its sessions go on keeps the least weight here. */
  private static int weight(Reading now, String name) {
    return now.tenants().stream()
        .filter(tenant -> tenant.name().equals(name))
        .mapToInt(Tenant::weight)
        .findFirst()
        .orElse(1);
  }

  OfTenant of(String tenant) {
    return tenants.getOrDefault(tenant, OfTenant.NONE);
  }

  double busy() {
    return tenants.values().stream().mapToDouble(OfTenant::busy).sum();
  }
}
