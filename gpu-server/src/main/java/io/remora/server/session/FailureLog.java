// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.metrics.Failure;
import io.remora.server.metrics.SessionMeter;
import io.remora.v1.CUresult;
import java.util.function.LongSupplier;

/**
 * Keeps the last of a session's failures for whoever watches. Belongs to the session's serial
 * executor.
 */
final class FailureLog {
  private final SessionMeter meter;
  private final LongSupplier nanoClock;

  FailureLog(SessionMeter meter, LongSupplier nanoClock) {
    this.meter = meter;
    this.nanoClock = nanoClock;
  }

  /**
   * A call has failed. {@code CUDA_ERROR_NOT_READY} and the question for a module's image are
   * answers and no failures.
   */
  void note(SessionCall call, int result, String detail, boolean sticky) {
    if (result == CUresult.CUDA_ERROR_NOT_READY_VALUE || CUresult.forNumber(result) == null) {
      return;
    }
    meter.failed(
        new Failure(
            nanoClock.getAsLong(), call.deviceOrdinal(), call.label(), result, detail, sticky));
  }
}
