// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import io.remora.server.driver.WorkObserver;
import java.util.function.Consumer;

/** Work whose behaviour a test gives. */
record ModelWork(
    long estimateKey,
    long bytes,
    boolean waitsForHost,
    Consumer<WorkObserver> issuing,
    Runnable whenDropped)
    implements Work {

  /** Work that does the given thing when issued. */
  static ModelWork of(long estimateKey, Consumer<WorkObserver> issuing) {
    return new ModelWork(estimateKey, 0, false, issuing, () -> {});
  }

  @Override
  public void issue(WorkObserver observer) {
    issuing.accept(observer);
  }

  @Override
  public void dropped(int result) {
    whenDropped.run();
  }
}
