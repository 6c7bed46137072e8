// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUresult;

/** Work that is one call of the driver. */
record Native(PlainCalls.StreamWork work, WorkObserver observer) implements StreamItem {
  /** Work on memory that isn't there. */
  static final PlainCalls.StreamWork REFUSED = stream -> CUresult.CUDA_ERROR_INVALID_VALUE_VALUE;

  static StreamItem refused(WorkObserver observer) {
    return new Native(REFUSED, observer);
  }

  @Override
  public boolean issue(CudaStream stream) {
    stream.begin();
    stream.accepted(work.issue(stream.handle().address()), observer);
    return true;
  }

  @Override
  public void dropped(int result) {
    observer.onDone(result, -1);
  }
}
