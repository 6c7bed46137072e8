// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.DeferredErrors.Deferred;
import java.util.function.LongConsumer;
import jcuda.driver.CUresult;

/**
 * A stream that stands still at a function of the client's own.
 *
 * @param sequence of the call that has put the function there
 * @param errors of the stream's server
 * @param whenDone tells that server that a function has run
 */
record HeldStream(long sequence, DeferredErrors errors, LongConsumer whenDone) {
  /**
   * Lets it go on; after a failure the program is told of it by its next waiting call on that
   * server, as one of the call with {@code number}.
   *
   * @param result a {@code CUresult}
   */
  void letGo(int result, int number, String detail) {
    if (result != CUresult.CUDA_SUCCESS) {
      errors.add(new Deferred(sequence, number, result, detail));
    }
    whenDone.accept(sequence);
  }
}
