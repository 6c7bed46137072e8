// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.CUresult;

/** Calls that are failed before anything of them is done. Belongs to the serial executor. */
final class Refusals {
  private final ClientSession session;

  Refusals(ClientSession session) {
    this.session = session;
  }

  /** Fails a call that can't be carried out, and says whether it did. */
  boolean isRefused(SessionCall call) {
    return session.faults().isRefused(call) || isRefusedByTerms(call);
  }

  /** Fails a call that the operator doesn't allow the tenant. */
  private boolean isRefusedByTerms(SessionCall call) {
    if (session.grant().account().allowsCall(call.number())) {
      return false;
    }
    call.fail(
        CUresult.CUDA_ERROR_NOT_PERMITTED_VALUE,
        "the server's operator doesn't allow this tenant calls of this group");
    return true;
  }
}
