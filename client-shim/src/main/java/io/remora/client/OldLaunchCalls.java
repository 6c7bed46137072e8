// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;

/** Launching as before CUDA 4.0. None of it waits. */
interface OldLaunchCalls extends LaunchCalls {
  /** What a function keeps, or null if there is no such function. */
  private @Nullable OldLaunch kept(@Nullable CUfunction function) {
    Function found = Launch.function(core(), core().thread(), function);
    return found == null ? null : found.oldLaunch();
  }

  @Override
  default int cuFuncSetBlockShape(@Nullable CUfunction hfunc, int x, int y, int z) {
    OldLaunch kept = kept(hfunc);
    if (kept == null) {
      return CUresult.CUDA_ERROR_INVALID_HANDLE;
    }
    if (x <= 0 || y <= 0 || z <= 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    kept.setBlock(x, y, z);
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuFuncSetSharedSize(@Nullable CUfunction hfunc, int bytes) {
    OldLaunch kept = kept(hfunc);
    if (kept == null) {
      return CUresult.CUDA_ERROR_INVALID_HANDLE;
    }
    if (bytes < 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    kept.setSharedBytes(bytes);
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuParamSetSize(@Nullable CUfunction hfunc, int numbytes) {
    OldLaunch kept = kept(hfunc);
    if (kept == null) {
      return CUresult.CUDA_ERROR_INVALID_HANDLE;
    }
    if (numbytes < 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    kept.setParameterBytes(numbytes);
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuParamSeti(@Nullable CUfunction hfunc, int offset, int value) {
    ByteBuffer bytes = ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder());
    return set(hfunc, offset, bytes.putInt(value).array());
  }

  @Override
  default int cuParamSetf(@Nullable CUfunction hfunc, int offset, float value) {
    return cuParamSeti(hfunc, offset, Float.floatToRawIntBits(value));
  }

  @Override
  default int cuParamSetv(
      @Nullable CUfunction hfunc, int offset, @Nullable Pointer ptr, int numbytes) {
    HostSpan span = ptr == null || numbytes < 0 ? null : HostSpan.of(ptr, numbytes);
    if (span == null) {
      core().thread().explain("cuParamSetv", "there are fewer bytes, or none in Java memory");
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    byte[] bytes = new byte[numbytes];
    span.read(0, numbytes, ByteBuffer.allocate(numbytes)).get(bytes);
    return set(hfunc, offset, bytes);
  }

  private int set(@Nullable CUfunction function, int offset, byte[] bytes) {
    OldLaunch kept = kept(function);
    if (kept == null) {
      return CUresult.CUDA_ERROR_INVALID_HANDLE;
    }
    if (!kept.set(offset, bytes)) {
      core().thread().explain("cuParamSet", "the kernel has no parameter there");
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuLaunch(@Nullable CUfunction f) {
    return cuLaunchGridAsync(f, 1, 1, null);
  }

  @Override
  default int cuLaunchGrid(@Nullable CUfunction f, int gridWidth, int gridHeight) {
    return cuLaunchGridAsync(f, gridWidth, gridHeight, null);
  }

  @Override
  default int cuLaunchGridAsync(
      @Nullable CUfunction f, int gridWidth, int gridHeight, @Nullable CUstream hStream) {
    OldLaunch kept = kept(f);
    if (kept == null) {
      return CUresult.CUDA_ERROR_INVALID_HANDLE;
    }
    OldLaunch.Values values = kept.values();
    byte[] parameters = values.parameters();
    if (parameters == null) {
      core()
          .thread()
          .explain("cuLaunchGrid", "cuParamSetSize says fewer bytes than the kernel has");
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    return launch(
        f,
        gridWidth,
        gridHeight,
        1,
        values.blockX(),
        values.blockY(),
        values.blockZ(),
        values.sharedBytes(),
        hStream,
        (function, into) -> {
          System.arraycopy(parameters, 0, into, 0, into.length);
          return CUresult.CUDA_SUCCESS;
        });
  }
}
