// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.metrics.SessionTrace;
import io.remora.server.metrics.WorkTimes;
import io.remora.server.session.ProtocolException.Reason;

/** Counts the calls that a client waits for. Belongs to the session's serial executor. */
final class CallTimes {
  private final ClientSession session;
  private int waitingCalls;

  CallTimes(ClientSession session) {
    this.session = session;
  }

  /** Whether the client waits for no call. */
  boolean isIdle() {
    return waitingCalls == 0;
  }

  /** A call of the client is about to be carried out. */
  void begins(SessionCall call) {
    SessionTrace trace = session.meter().trace();
    if (trace != null) {
      call.times = trace.begin();
    }
    if (!call.isWaiting()) {
      return;
    }
    session.meter().waits();
    int most = session.services().limits().waitingCallsMax();
    if (++waitingCalls > most) {
      throw new ProtocolException(
          Reason.TOO_LARGE,
          "more than " + most + " calls wait for their answers; use fewer threads in one process");
    }
  }

  /** What the client asked for is under way, or done. */
  void carriedOut(SessionCall call) {
    WorkTimes times = call.times;
    if (times != null && !call.isWaiting()) {
      times.callEnded(call.sequence(), call.label(), false);
    }
  }

  /** A waiting call is about to be answered. */
  void waitingCallEnded() {
    waitingCalls--;
    session.deviceOutput().sendAll();
  }
}
