// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import jcuda.driver.CUcontext;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;

/** Calls that follow the table, unless what they name is of two servers. */
interface AcrossCalls extends TableCalls {
  private static DeviceCopy range(
      @Nullable CUdeviceptr to, @Nullable CUdeviceptr from, long bytes) {
    return DeviceCopy.range(JCudaFields.address(to), JCudaFields.address(from), bytes);
  }

  @Override
  default int cuMemcpyDtoD(
      @Nullable CUdeviceptr dstDevice, @Nullable CUdeviceptr srcDevice, long byteCount) {
    Across across = core().across();
    if (across != null) {
      DeviceCopy copy = range(dstDevice, srcDevice, byteCount);
      if (across.concerns(copy, 0)) {
        return across.copy(copy, 0, true);
      }
    }
    return TableCalls.super.cuMemcpyDtoD(dstDevice, srcDevice, byteCount);
  }

  @Override
  default int cuMemcpyDtoDAsync(
      @Nullable CUdeviceptr dstDevice,
      @Nullable CUdeviceptr srcDevice,
      long byteCount,
      @Nullable CUstream hStream) {
    Across across = core().across();
    if (across != null) {
      DeviceCopy copy = range(dstDevice, srcDevice, byteCount);
      long stream = core().stream(core().thread(), hStream);
      if (across.concerns(copy, stream)) {
        return across.copy(copy, stream, false);
      }
    }
    return TableCalls.super.cuMemcpyDtoDAsync(dstDevice, srcDevice, byteCount, hStream);
  }

  @Override
  default int cuMemcpyPeer(
      @Nullable CUdeviceptr dstDevice,
      @Nullable CUcontext dstContext,
      @Nullable CUdeviceptr srcDevice,
      @Nullable CUcontext srcContext,
      long byteCount) {
    Across across = core().across();
    if (across != null) {
      DeviceCopy copy = range(dstDevice, srcDevice, byteCount);
      if (across.concerns(copy, 0)) {
        int result = checkPeers(copy, dstContext, srcContext);
        return result == CUresult.CUDA_SUCCESS ? across.copy(copy, 0, true) : result;
      }
    }
    return TableCalls.super.cuMemcpyPeer(dstDevice, dstContext, srcDevice, srcContext, byteCount);
  }

  @Override
  default int cuMemcpyPeerAsync(
      @Nullable CUdeviceptr dstDevice,
      @Nullable CUcontext dstContext,
      @Nullable CUdeviceptr srcDevice,
      @Nullable CUcontext srcContext,
      long byteCount,
      @Nullable CUstream hStream) {
    Across across = core().across();
    if (across != null) {
      DeviceCopy copy = range(dstDevice, srcDevice, byteCount);
      long stream = core().stream(core().thread(), hStream);
      if (across.concerns(copy, stream)) {
        int result = checkPeers(copy, dstContext, srcContext);
        return result == CUresult.CUDA_SUCCESS ? across.copy(copy, stream, false) : result;
      }
    }
    return TableCalls.super.cuMemcpyPeerAsync(
        dstDevice, dstContext, srcDevice, srcContext, byteCount, hStream);
  }

  /** Both addresses must be of their contexts' devices, as a server checks it for its own. */
  private int checkPeers(
      DeviceCopy copy, @Nullable CUcontext dstContext, @Nullable CUcontext srcContext) {
    ClientContext to = core().contexts().find(JCudaFields.value(dstContext));
    ClientContext from = core().contexts().find(JCudaFields.value(srcContext));
    if (to == null || from == null) {
      return CUresult.CUDA_ERROR_INVALID_CONTEXT;
    }
    Numbering numbering = core().servers().numbering();
    return numbering.deviceOfAddress(copy.to()) == to.device()
            && numbering.deviceOfAddress(copy.from()) == from.device()
        ? CUresult.CUDA_SUCCESS
        : CUresult.CUDA_ERROR_INVALID_VALUE;
  }

  @Override
  default int cuStreamWaitEvent(@Nullable CUstream hStream, @Nullable CUevent hEvent, int flags) {
    Across across = core().across();
    if (across != null) {
      long event = JCudaFields.value(hEvent);
      long stream = core().stream(core().thread(), hStream);
      if (across.isElsewhereEvent(event, stream)) {
        return flags == 0 ? across.await(stream, event) : CUresult.CUDA_ERROR_INVALID_VALUE;
      }
    }
    return TableCalls.super.cuStreamWaitEvent(hStream, hEvent, flags);
  }
}
