// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import java.util.Set;

/**
 * What one admitted session may use: the tenant's settings at the time of its admission, and one of
 * the tenant's session slots, which {@link #close} gives back.
 *
 * @param tenant name of the tenant
 * @param weight share of the device beside other tenants, at least 1
 * @param tenantClass how its work is queued
 * @param isolation what keeps its kernels from others' memory
 * @param memoryQuotaBytes device memory of all the tenant's sessions together
 * @param allowedDevices ordinals of the server's devices that the tenant sees; empty means all
 * @param account what the tenant's sessions hold together, and the limits on it
 * @param slot run once when the session has given everything back
 */
public record TenantGrant(
    String tenant,
    int weight,
    TenantClass tenantClass,
    Isolation isolation,
    long memoryQuotaBytes,
    Set<Integer> allowedDevices,
    TenantAccount account,
    Runnable slot)
    implements AutoCloseable {
  public TenantGrant {
    allowedDevices = Set.copyOf(allowedDevices);
  }

  /** The tenant's device memory. */
  public MemoryLedger memory() {
    return account.memory();
  }

  /** This grant with another thing to do in the end. */
  public TenantGrant withSlot(Runnable newSlot) {
    return new TenantGrant(
        tenant, weight, tenantClass, isolation, memoryQuotaBytes, allowedDevices, account, newSlot);
  }

  /** True if the tenant may use the device with this ordinal. */
  public boolean allows(int device) {
    return allowedDevices.isEmpty() || allowedDevices.contains(device);
  }

  /** This grant with other devices. */
  public TenantGrant withDevices(Set<Integer> devices) {
    return new TenantGrant(
        tenant, weight, tenantClass, isolation, memoryQuotaBytes, devices, account, slot);
  }

  /** Gives the session slot back. The session calls it once, when everything is freed. */
  @Override
  public void close() {
    slot.run();
  }
}
