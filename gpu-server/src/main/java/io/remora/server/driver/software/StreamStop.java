// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.server.driver.WorkObserver;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Work that stops a stream until something outside it happens. */
abstract class StreamStop extends StreamItem {
  private static final int FRESH = 0;
  private static final int STOPPED = 1;
  private static final int OVER = 2;

  private final AtomicInteger state = new AtomicInteger(FRESH);
  private final DomainCore core;
  private volatile int result;
  private volatile @Nullable SoftwareStream stream;

  StreamStop(DomainCore core, WorkObserver observer) {
    super(observer);
    this.core = core;
  }

  /** The stream has got here. {@link #resume} may be called before this returns. */
  abstract void reached(SoftwareStream at);

  /** Device time that was used on the way. */
  long deviceNanos() {
    return 0;
  }

  @Override
  final boolean isQuick() {
    return true;
  }

  @Override
  final boolean run(SoftwareStream at) {
    stream = at;
    at.stoppedAt(this);
    // Closing marks the domain first and ends the stops that it finds afterwards.
    if (core.isClosed()) {
      resume(core.fault());
    } else {
      reached(at);
    }
    if (state.compareAndSet(FRESH, STOPPED)) {
      return false;
    }
    over(at);
    return true;
  }

  /** Lets the stream go on. Any thread; only the first call counts. */
  final void resume(int endResult) {
    if (state.get() != OVER) {
      result = endResult;
    }
    if (state.compareAndSet(FRESH, OVER)) {
      return;
    }
    SoftwareStream at = stream;
    if (at != null && state.compareAndSet(STOPPED, OVER)) {
      over(at);
      at.proceed();
    }
  }

  private void over(SoftwareStream at) {
    at.stoppedAt(null);
    at.finish(this, result, deviceNanos());
  }
}
