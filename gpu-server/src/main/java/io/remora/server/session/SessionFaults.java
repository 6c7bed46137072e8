// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.generated.Calls;
import io.remora.v1.CUresult;
import java.util.Set;

/**
 * What a fault of one of the session's devices means for its calls. Belongs to the session's serial
 * executor where no other thread is named.
 */
final class SessionFaults {
  private static final int LOST = CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE;

  private static final Set<Integer> PASS_A_FAULT =
      Set.of(
          Calls.REMORA_UPLOAD_IMAGE,
          Calls.CU_CTX_CREATE,
          Calls.CU_CTX_DESTROY,
          Calls.CU_DEVICE_PRIMARY_CTX_RESET,
          Calls.CU_CTX_SYNCHRONIZE,
          Calls.CU_STREAM_SYNCHRONIZE);

  private volatile boolean any;

  /** A device has a sticky fault; any thread. */
  void deviceFaulted() {
    any = true;
  }

  /**
   * Fails a call on a device whose fault is sticky, as CUDA does for a corrupted context. What ends
   * contexts and uploads images is not refused, and a synchronisation waits as ever: so the error
   * that names the guilty call goes before its answer.
   */
  boolean isRefused(SessionCall call) {
    if (!any || PASS_A_FAULT.contains(call.number())) {
      return false;
    }
    SessionDevice device = call.deviceOrNull();
    if (device == null || device.fault() == CUresult.CUDA_SUCCESS_VALUE) {
      return false;
    }
    call.fail(device.fault(), device.faultDetail(), true);
    return true;
  }

  /** Work of an asynchronous or waiting call has failed. */
  void workFailed(SessionCall call, SessionDevice device, int result, String detail) {
    boolean sticky = Results.isSticky(result);
    if (sticky) {
      device.faulted(result, detail);
      deviceFaulted();
    } else {
      sticky = isLostBy(device, result);
    }
    call.fail(result, detail.isEmpty() && sticky ? device.faultDetail() : detail, sticky);
  }

  /**
   * Whether a failure comes of the device's being lost. What was under way can't be brought back,
   * so the session can't go on there.
   */
  boolean isLostBy(SessionDevice device, int result) {
    String lost = device.lostDetail();
    if (result != LOST || lost == null) {
      return false;
    }
    device.faulted(LOST, lost + ", while this session's work was under way there; connect again");
    deviceFaulted();
    return true;
  }

  /** Answers a call that has waited for work: with success, or with the device's fault. */
  void answerAfterWait(SessionCall call, SessionDevice device) {
    int fault = device.fault();
    if (fault == CUresult.CUDA_SUCCESS_VALUE) {
      call.succeed();
    } else {
      call.fail(fault, device.faultDetail(), true);
    }
  }
}
