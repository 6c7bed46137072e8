// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.tenant.RateLimit;

/**
 * Keeps one direction of a session at its tenant's rate: after bytes that came too early it is
 * paused for as long as they were too early. Belongs to the session's serial executor.
 */
final class Pacing {
  private final ClientSession session;
  private final RateLimit rate;
  private final Runnable goOn;
  private boolean paused;

  /**
   * @param goOn run when a pause is over, unless the session is
   */
  Pacing(ClientSession session, RateLimit rate, Runnable goOn) {
    this.session = session;
    this.rate = rate;
    this.goOn = goOn;
  }

  /** Whether the tenant has moved as many bytes as it may for now. */
  boolean isPaused() {
    return paused;
  }

  /** Bytes have been moved. */
  void moved(long bytes) {
    SessionServices services = session.services();
    long pauseNanos = rate.moved(bytes, services.nanoClock().getAsLong());
    if (pauseNanos > 0 && !paused) {
      paused = true;
      services.later(session, pauseNanos, this::over);
    }
  }

  private void over() {
    paused = false;
    goOn.run();
  }
}
