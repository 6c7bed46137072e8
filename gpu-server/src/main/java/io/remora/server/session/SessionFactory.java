// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.tenant.TenantGrant;
import io.remora.v1.Hello;

/** Opens sessions for admitted clients. */
public interface SessionFactory {
  /**
   * Opens a session. It sends Welcome by itself once its devices are open, and requests the first
   * frame then; so the transport must not request frames on its own after the one with Hello.
   *
   * @param grant closed by the session when everything is freed; if this method throws it is still
   *     the caller's
   * @param hello the first message of the client
   * @throws ProtocolException if the client can't be served
   */
  Session open(TenantGrant grant, Hello hello, SessionOutput output);
}
