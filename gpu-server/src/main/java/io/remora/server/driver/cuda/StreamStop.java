// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUresult;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Work that stops a stream, when all before it is over, until something outside it happens. The
 * driver knows nothing of it: what comes behind is kept back.
 */
abstract class StreamStop implements StreamItem {
  private static final int FRESH = 0;
  private static final int STOPPED = 1;
  private static final int OVER = 2;

  private final AtomicInteger state = new AtomicInteger(FRESH);
  private final WorkObserver observer;
  private volatile int result;
  private @Nullable CudaStream stream;

  StreamStop(WorkObserver observer) {
    this.observer = observer;
  }

  /** The stream has got here. {@link #resume} may be called before this returns. */
  abstract void reached(CudaStream at);

  /** The stream goes on. Any thread; only the first call counts. */
  final void resume(int endResult) {
    if (state.get() != OVER) {
      result = endResult;
    }
    if (state.compareAndSet(FRESH, OVER)) {
      return;
    }
    CudaStream at = stream;
    if (at != null && state.compareAndSet(STOPPED, OVER)) {
      at.resumed();
      observer.onDone(result, 0);
      at.proceed();
    }
  }

  /** Runs the stop; true if it is over already. */
  final boolean run(CudaStream at) {
    stream = at;
    reached(at);
    if (state.compareAndSet(FRESH, STOPPED)) {
      return false;
    }
    at.resumed();
    observer.onDone(result, 0);
    return true;
  }

  @Override
  public final boolean issue(CudaStream at) {
    throw new IllegalStateException("a stop is not given to the driver");
  }

  @Override
  public final void dropped(int endResult) {
    if (state.compareAndSet(FRESH, OVER)) {
      observer.onDone(endResult, 0);
    } else {
      resume(endResult);
    }
  }

  static boolean isGood(int result) {
    return result == CUresult.CUDA_SUCCESS_VALUE;
  }
}
