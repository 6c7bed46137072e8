// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.top;

import io.remora.v1.SessionOnDevice;
import io.remora.v1.SessionState;
import io.remora.v1.TenantOnDevice;
import io.remora.v1.TenantState;
import java.util.Comparator;

/** By what tenants and sessions are sorted. */
public enum Order {
  /** Most device time first. */
  BUSY,
  /** Most memory first. */
  MEMORY,
  /** Most calls first. */
  CALLS,
  /** By name, and sessions in the order in which they came. */
  NAME;

  /** The next one, and after the last the first. */
  public Order next() {
    return values()[(ordinal() + 1) % values().length];
  }

  Comparator<TenantState> tenants() {
    Comparator<TenantState> byName = Comparator.comparing(TenantState::getName);
    return switch (this) {
      case BUSY ->
          Comparator.<TenantState>comparingDouble(
                  tenant ->
                      -tenant.getDevicesList().stream().mapToDouble(TenantOnDevice::getBusy).sum())
              .thenComparing(byName);
      case MEMORY ->
          Comparator.<TenantState>comparingLong(tenant -> -tenant.getMemoryUsedBytes())
              .thenComparing(byName);
      case CALLS ->
          Comparator.<TenantState>comparingDouble(
                  tenant -> -tenant.getTraffic().getCallsPerSecond())
              .thenComparing(byName);
      case NAME -> byName;
    };
  }

  Comparator<SessionState> sessions() {
    return switch (this) {
      case BUSY -> Comparator.comparingDouble(session -> -busy(session));
      case MEMORY -> Comparator.comparingLong(session -> -session.getMemoryBytes());
      case CALLS ->
          Comparator.comparingDouble(session -> -session.getTraffic().getCallsPerSecond());
      case NAME ->
          Comparator.comparing(SessionState::getTenant)
              .thenComparingLong(SessionState::getOpenedUnixMillis);
    };
  }

  static double busy(SessionState session) {
    return session.getDevicesList().stream().mapToDouble(SessionOnDevice::getBusy).sum();
  }
}
