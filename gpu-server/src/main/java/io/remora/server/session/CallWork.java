// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.CUresult;

/** One of several works that a call brings about: what fails is told as the call's failure. */
abstract class CallWork extends QueuedWork {
  final SessionCall call;

  CallWork(ClientSession session, SessionCall call) {
    super(session);
    this.call = call;
  }

  @Override
  final long sequence() {
    return call.sequence();
  }

  @Override
  void finished(int result, String detail) {
    if (result != CUresult.CUDA_SUCCESS_VALUE) {
      failed(result, detail);
    }
  }

  /** The work has failed, at its end or before. Any thread. */
  final void failed(int result, String detail) {
    session.signal(() -> session.faults().workFailed(call, stream().device(), result, detail));
  }
}
