// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.v1.CUresult;
import jcuda.driver.CUevent;
import jcuda.driver.JCudaDriver;

/**
 * Measures some of a stream's kernels by a pair of events: the first few, for an early estimate,
 * and one in {@link #EVERY} from then on; one at a time. Guarded by the stream's lock.
 */
final class StreamTiming {
  private static final int OK = CUresult.CUDA_SUCCESS_VALUE;
  private static final int EVERY = 16;
  private static final int ALL_UP_TO = 4;
  private static final double NANOS_PER_MILLI = 1e6;

  private final StreamHandle stream;
  private final CUevent start = new CUevent();
  private final CUevent stop = new CUevent();
  private final float[] millis = new float[1];
  private boolean made;
  private long launches;
  private long measured = -1;

  StreamTiming(StreamHandle stream) {
    this.stream = stream;
  }

  /** Whether the launch with this number is measured; then {@link #end} follows it. */
  boolean begin(long number) {
    launches++;
    if (measured >= 0 || launches > ALL_UP_TO && launches % EVERY != 0) {
      return false;
    }
    if (!made) {
      made = JCudaDriver.cuEventCreate(start, 0) == OK && JCudaDriver.cuEventCreate(stop, 0) == OK;
    }
    if (!made || JCudaDriver.cuEventRecord(start, stream) != OK) {
      return false;
    }
    measured = number;
    return true;
  }

  void end() {
    if (JCudaDriver.cuEventRecord(stop, stream) != OK) {
      measured = -1;
    }
  }

  /** What the work with this number, which is over, took; -1 if it wasn't measured. */
  long nanosOf(long number) {
    if (measured != number) {
      return -1;
    }
    measured = -1;
    return JCudaDriver.cuEventElapsedTime(millis, start, stop) == OK
        ? Math.max(1, Math.round(millis[0] * NANOS_PER_MILLI))
        : -1;
  }

  void destroy() {
    if (made) {
      made = false;
      int unused = JCudaDriver.cuEventDestroy(start);
      unused = JCudaDriver.cuEventDestroy(stop);
    }
  }
}
