// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.generated.Calls;
import io.remora.v1.CUresult;
import java.util.Set;

/** Calls that are failed before anything of them is done. Belongs to the serial executor. */
final class Refusals {
  private static final Set<Integer> PASS_A_FAULT =
      Set.of(
          Calls.REMORA_UPLOAD_IMAGE,
          Calls.CU_CTX_CREATE,
          Calls.CU_CTX_DESTROY,
          Calls.CU_DEVICE_PRIMARY_CTX_RESET,
          Calls.CU_CTX_SYNCHRONIZE,
          Calls.CU_STREAM_SYNCHRONIZE);

  private final ClientSession session;

  Refusals(ClientSession session) {
    this.session = session;
  }

  /** Fails a call that can't be carried out, and says whether it did. */
  boolean isRefused(SessionCall call) {
    return isRefusedByFault(call) || isRefusedByTerms(call);
  }

  /**
   * Fails a call on a device whose fault is sticky, as CUDA does for a corrupted context. What ends
   * contexts and uploads images is not refused, and a synchronisation waits as ever: so the error
   * that names the guilty call goes before its answer.
   */
  private boolean isRefusedByFault(SessionCall call) {
    if (!session.hasFault() || PASS_A_FAULT.contains(call.number())) {
      return false;
    }
    SessionDevice device = call.deviceOrNull();
    if (device == null || device.fault() == CUresult.CUDA_SUCCESS_VALUE) {
      return false;
    }
    call.fail(device.fault(), device.faultDetail(), true);
    return true;
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
