// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.v1.DeviceSnapshot;
import io.remora.wire.WireWriter;
import jcuda.driver.CUcontext;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;

/** Streams: what is known of them here; everything else follows from the table. */
interface StreamCalls extends TableCalls {
  /** Handles up to this name the default streams. */
  long DEFAULT_STREAMS = 2;

  @Override
  default int cuStreamCreate(@Nullable CUstream phStream, int flags) {
    return cuStreamCreateWithPriority(phStream, flags, 0);
  }

  @Override
  default int cuStreamCreateWithPriority(@Nullable CUstream phStream, int flags, int priority) {
    ClientCore core = core();
    ThreadState thread = core.thread();
    int result = core.refusal(thread);
    ClientContext context = thread.current();
    if (result != CUresult.CUDA_SUCCESS || context == null) {
      return result;
    }
    if (phStream == null || (flags & ~1) != 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    // CUDA takes the nearest priority that the device has.
    DeviceSnapshot device = core.contexts().devices().get(context.device());
    int nearest =
        Math.max(
            device.getStreamPriorityGreatest(),
            Math.min(device.getStreamPriorityLeast(), priority));
    long handle = core.newHandle();
    WireWriter out = core.begin(Calls.CU_STREAM_CREATE_WITH_PRIORITY, thread);
    try {
      CallWriter.cuStreamCreateWithPriority(out, handle, flags, nearest);
      result = core.endAsync();
    } finally {
      core.release();
    }
    if (result == CUresult.CUDA_SUCCESS) {
      core.streams().put(handle, new ClientStream(flags, nearest, context));
      JCudaFields.setValue(phStream, handle);
    }
    return result;
  }

  @Override
  default int cuStreamDestroy(@Nullable CUstream hStream) {
    ClientCore core = core();
    long handle = JCudaFields.value(hStream);
    if (core.streams().remove(handle) == null) {
      return CUresult.CUDA_ERROR_INVALID_HANDLE;
    }
    core.streamAttributes().remove(handle);
    WireWriter out = core.begin(Calls.CU_STREAM_DESTROY, core.thread());
    try {
      CallWriter.cuStreamDestroy(out, handle);
      return core.endAsync();
    } finally {
      core.release();
    }
  }

  /** A stream of the program's, or one that stands for a default stream; null if unknown. */
  private @Nullable ClientStream find(@Nullable CUstream stream) {
    long handle = JCudaFields.value(stream);
    ClientContext current = core().thread().current();
    if (handle < 0 || handle > DEFAULT_STREAMS) {
      return core().streams().get(handle);
    }
    return current == null ? null : new ClientStream(0, 0, current);
  }

  @Override
  default int cuStreamGetPriority(@Nullable CUstream hStream, int @Nullable [] priority) {
    ClientStream stream = find(hStream);
    return stream == null
        ? CUresult.CUDA_ERROR_INVALID_HANDLE
        : DeviceCalls.DeviceValues.give(core(), priority, stream.priority());
  }

  @Override
  default int cuStreamGetFlags(@Nullable CUstream hStream, int @Nullable [] flags) {
    ClientStream stream = find(hStream);
    return stream == null
        ? CUresult.CUDA_ERROR_INVALID_HANDLE
        : DeviceCalls.DeviceValues.give(core(), flags, stream.flags());
  }

  @Override
  default int cuStreamGetCtx(@Nullable CUstream hStream, @Nullable CUcontext pctx) {
    ClientStream stream = find(hStream);
    if (stream == null || pctx == null) {
      return stream == null
          ? CUresult.CUDA_ERROR_INVALID_HANDLE
          : CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    JCudaFields.setValue(pctx, stream.context().visible());
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuStreamGetId(@Nullable CUstream hStream, long @Nullable [] streamId) {
    if (find(hStream) == null || streamId == null) {
      return streamId == null
          ? CUresult.CUDA_ERROR_INVALID_VALUE
          : CUresult.CUDA_ERROR_INVALID_HANDLE;
    }
    streamId[0] = JCudaFields.value(hStream);
    return core().local(CUresult.CUDA_SUCCESS);
  }
}
