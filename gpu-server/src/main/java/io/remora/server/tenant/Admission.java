// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

/** Whether a client may open a session. */
public sealed interface Admission permits Admission.Admitted, Refused {
  /** It may; the grant's owner closes it. */
  record Admitted(TenantGrant grant) implements Admission {}
}
