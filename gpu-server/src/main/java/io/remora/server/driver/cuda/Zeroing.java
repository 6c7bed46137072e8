// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.v1.CUresult;
import java.util.concurrent.locks.LockSupport;
import jcuda.driver.CUevent;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/**
 * Zeroes memory that a domain gets, on a stream of its own: what others left there is nobody's
 * business. Streams wait for it on the device before their next work; the host doesn't.
 */
final class Zeroing {
  private static final long PAUSE_NANOS = 20_000;

  private final StreamHandle stream = new StreamHandle();
  private final CUevent event = new CUevent();

  /** Written by one thread at a time: memory belongs to the session's executor. */
  private volatile long number;

  Zeroing() {
    Cuda.require(
        JCudaDriver.cuStreamCreateWithPriority(stream, CUstream_flags.CU_STREAM_NON_BLOCKING, 0),
        "cuStreamCreateWithPriority");
    Cuda.require(JCudaDriver.cuEventCreate(event, CudaEvent.DISABLE_TIMING), "cuEventCreate");
  }

  /** A stream of the domain's own, for what is done at once. */
  StreamHandle stream() {
    return stream;
  }

  /** How often memory was zeroed; a stream that has seen another number must be put in order. */
  long number() {
    return number;
  }

  void zero(long address, long bytes) {
    Cuda.require(
        CudaCalls.cuMemsetD8Async(address, (byte) 0, bytes, stream.address()), "cuMemsetD8Async");
    Cuda.require(JCudaDriver.cuEventRecord(event, stream), "cuEventRecord");
    long next = number + 1;
    number = next;
  }

  /** Makes later work on a stream wait until all memory is zero. */
  void order(StreamHandle other) {
    // If it fails the context has ended, which the work that follows will find.
    int unused = JCudaDriver.cuStreamWaitEvent(other, event, 0);
  }

  /** Waits until nothing is being zeroed; rarely long, because it is asked for late. */
  void await() {
    while (number > 0 && JCudaDriver.cuEventQuery(event) == CUresult.CUDA_ERROR_NOT_READY_VALUE) {
      LockSupport.parkNanos(PAUSE_NANOS);
    }
  }

  /** Waits until everything on {@link #stream} is over. */
  void finish() {
    Cuda.require(JCudaDriver.cuEventRecord(event, stream), "cuEventRecord");
    int result;
    while ((result = JCudaDriver.cuEventQuery(event)) == CUresult.CUDA_ERROR_NOT_READY_VALUE) {
      LockSupport.parkNanos(PAUSE_NANOS);
    }
    Cuda.require(result, "cuEventQuery");
  }

  void close() {
    int unused = JCudaDriver.cuEventDestroy(event);
    unused = JCudaDriver.cuStreamDestroy(stream);
  }
}
