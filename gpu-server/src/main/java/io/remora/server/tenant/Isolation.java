// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

/** What keeps a tenant's kernels from the memory of others on a device that all share. */
public enum Isolation {
  /** Nothing but what its calls are checked for: for tenants that trust each other. */
  SHARED,
  /** Its kernels can't name an address of others; what can't be kept so isn't loaded. */
  GUARDED
}
