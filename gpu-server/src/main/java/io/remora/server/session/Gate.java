// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import io.remora.server.driver.WorkObserver;
import org.jspecify.annotations.Nullable;

/** Holds a stream until something elsewhere is over. Belongs to the session's serial executor. */
final class Gate {
  private final ClientSession session;
  private boolean open;
  private @Nullable Runnable resume;

  Gate(ClientSession session) {
    this.session = session;
  }

  /** Stops the stream here until the gate is open; any thread. */
  void pause(Domain domain, long driverStream, WorkObserver observer) {
    domain.pause(driverStream, (result, goOn) -> session.signal(() -> reached(goOn)), observer);
  }

  /** What the stream waits for is over. */
  void open() {
    open = true;
    resumeIfReady();
  }

  private void reached(Runnable goOn) {
    resume = goOn;
    resumeIfReady();
  }

  private void resumeIfReady() {
    Runnable goOn = resume;
    if (open && goOn != null) {
      resume = null;
      // Going on calls the driver, which a signal may not.
      session.serial().execute(goOn);
    }
  }
}
