// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.tenant.TenantAccount;
import io.remora.server.tenant.TenantAccount.Kind;
import io.remora.v1.CUresult;
import java.util.EnumMap;
import java.util.Map;

/**
 * What one session has taken of its tenant's limits, so that its end gives all of it back. Belongs
 * to the session's serial executor; the account is shared with the tenant's other sessions.
 */
final class SessionQuota {
  private final TenantAccount account;
  private final Map<Kind, Integer> taken = new EnumMap<>(Kind.class);
  private boolean closed;

  SessionQuota(TenantAccount account) {
    this.account = account;
  }

  /** Whether the tenant may have one more. */
  boolean hasRoom(Kind kind) {
    return account.held(kind) < account.limit(kind);
  }

  /** Takes one; false if the tenant has as many as it may. */
  boolean take(Kind kind) {
    if (closed || !account.take(kind)) {
      return false;
    }
    taken.merge(kind, 1, Integer::sum);
    return true;
  }

  /** Gives one back; nothing once the session has ended, which has given all back. */
  void give(Kind kind) {
    if (!closed) {
      taken.merge(kind, -1, Integer::sum);
      account.give(kind, 1);
    }
  }

  /** What a call is told that wants more than the tenant may have. */
  CallException refusal(Kind kind) {
    return new CallException(
        CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE,
        "the tenant has "
            + account.held(kind)
            + " "
            + kind.text()
            + " and may have "
            + account.limit(kind)
            + "; free some, or ask the server's operator for more");
  }

  /** The session ends. */
  void close() {
    if (!closed) {
      closed = true;
      taken.forEach(account::give);
    }
  }
}
