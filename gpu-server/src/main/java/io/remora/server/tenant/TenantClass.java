// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

/** How the device queue treats a tenant's work beside that of others. */
public enum TenantClass {
  /** Its work never waits for more than the bound on others' work in flight plus one kernel. */
  LATENCY,
  /** Its share of the device follows its weight. */
  NORMAL,
  /** Gets what the other classes leave. */
  BATCH
}
