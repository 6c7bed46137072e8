// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.wire.WireWriter;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUhostFn;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstreamCallback;
import org.jspecify.annotations.Nullable;

/** Work on streams that isn't a copy: kernels and host functions. None of it waits. */
interface LaunchCalls extends TableCalls {
  @Override
  default int cuLaunchKernel(
      @Nullable CUfunction f,
      int gridDimX,
      int gridDimY,
      int gridDimZ,
      int blockDimX,
      int blockDimY,
      int blockDimZ,
      int sharedMemBytes,
      @Nullable CUstream hStream,
      @Nullable Pointer kernelParams,
      @Nullable Pointer extra) {
    ThreadState thread = core().thread();
    return launch(
        f,
        gridDimX,
        gridDimY,
        gridDimZ,
        blockDimX,
        blockDimY,
        blockDimZ,
        sharedMemBytes,
        hStream,
        (function, into) -> Launch.marshal(thread, function, kernelParams, extra, into));
  }

  /** Lays a function's parameters out; a result other than success ends the launch. */
  @FunctionalInterface
  interface ParameterWriter {
    int write(Function function, byte[] into);
  }

  /** A launch whose parameters come from wherever the writer has them. */
  default int launch(
      @Nullable CUfunction f,
      int gridDimX,
      int gridDimY,
      int gridDimZ,
      int blockDimX,
      int blockDimY,
      int blockDimZ,
      int sharedMemBytes,
      @Nullable CUstream hStream,
      ParameterWriter writer) {
    ClientCore core = core();
    ThreadState thread = core.thread();
    Function function = Launch.function(core, thread, f);
    int result =
        Launch.check(
            core, thread, function, gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ);
    if (result != CUresult.CUDA_SUCCESS || function == null) {
      return result;
    }
    byte[] parameters = thread.parameters(function.parameterBytes());
    result = writer.write(function, parameters);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    long stream = core.stream(thread, hStream);
    WireWriter out = core.begin(Calls.CU_LAUNCH_KERNEL, thread);
    try {
      CallWriter.cuLaunchKernel(
          out,
          function.handle(),
          gridDimX,
          gridDimY,
          gridDimZ,
          blockDimX,
          blockDimY,
          blockDimZ,
          sharedMemBytes,
          stream,
          parameters);
      return core.endAsync();
    } finally {
      core.release();
    }
  }

  @Override
  default int cuLaunchCooperativeKernel(
      @Nullable CUfunction f,
      int gridDimX,
      int gridDimY,
      int gridDimZ,
      int blockDimX,
      int blockDimY,
      int blockDimZ,
      int sharedMemBytes,
      @Nullable CUstream hStream,
      @Nullable Pointer kernelParams) {
    ClientCore core = core();
    ThreadState thread = core.thread();
    Function function = Launch.function(core, thread, f);
    int result =
        Launch.check(
            core, thread, function, gridDimX, gridDimY, gridDimZ, blockDimX, blockDimY, blockDimZ);
    if (result != CUresult.CUDA_SUCCESS || function == null) {
      return result;
    }
    byte[] parameters = thread.parameters(function.parameterBytes());
    result = Launch.marshal(thread, function, kernelParams, null, parameters);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    long stream = core.stream(thread, hStream);
    WireWriter out = core.begin(Calls.CU_LAUNCH_COOPERATIVE_KERNEL, thread);
    try {
      CallWriter.cuLaunchCooperativeKernel(
          out,
          function.handle(),
          gridDimX,
          gridDimY,
          gridDimZ,
          blockDimX,
          blockDimY,
          blockDimZ,
          sharedMemBytes,
          stream,
          parameters);
      return core.endAsync();
    } finally {
      core.release();
    }
  }

  @Override
  default int cuStreamAddCallback(
      @Nullable CUstream hStream,
      @Nullable CUstreamCallback callback,
      @Nullable Object userData,
      int flags) {
    if (callback == null || flags != 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    ClientCore core = core();
    ThreadState thread = core.thread();
    int result = core.refusal(thread);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    long stream = core.stream(thread, hStream);
    HostFunctions functions = core.hostFunctions();
    long token = functions.register(status -> callback.call(hStream, status, userData));
    WireWriter out = core.begin(Calls.CU_STREAM_ADD_CALLBACK, thread);
    try {
      CallWriter.cuStreamAddCallback(out, stream, flags, token);
      result = core.endAsync();
    } finally {
      core.release();
    }
    if (result != CUresult.CUDA_SUCCESS) {
      functions.forget(token);
    }
    return result;
  }

  @Override
  default int cuLaunchHostFunc(
      @Nullable CUstream hStream, @Nullable CUhostFn fn, @Nullable Object userData) {
    if (fn == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    ClientCore core = core();
    ThreadState thread = core.thread();
    int result = core.refusal(thread);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    long stream = core.stream(thread, hStream);
    HostFunctions functions = core.hostFunctions();
    long token = functions.register(new HostFunction(fn, userData));
    WireWriter out = core.begin(Calls.CU_LAUNCH_HOST_FUNC, thread);
    try {
      CallWriter.cuLaunchHostFunc(out, stream, token);
      result = core.endAsync();
    } finally {
      core.release();
    }
    if (result != CUresult.CUDA_SUCCESS) {
      functions.forget(token);
    }
    return result;
  }
}
