// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.DeferredErrors.Deferred;
import jcuda.driver.CUresult;

/**
 * A copy to host memory that nobody waits for. Its bytes are there when a later call has waited for
 * its stream, since the server answers in that order; a failure is told then, too.
 *
 * @param number the call's entry of the call table
 */
record BackgroundDownload(BulkTarget target, int number, DeferredErrors errors)
    implements Expected {
  @Override
  public void complete(long sequence, int result, String detail, byte[] outputs) {
    if (result != CUresult.CUDA_SUCCESS) {
      errors.add(new Deferred(sequence, number, result, detail));
    } else if (!target.complete()) {
      errors.add(
          new Deferred(
              sequence, number, CUresult.CUDA_ERROR_UNKNOWN, "the server sent too few bytes"));
    }
  }
}
