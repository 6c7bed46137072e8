// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.v1.DeviceSnapshot;
import jcuda.driver.CUDA_MEMCPY3D;
import jcuda.driver.CUDA_MEMCPY3D_PEER;
import jcuda.driver.CUcontext;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;

/**
 * Several devices: their memory can be copied from one to the other, and kernels don't reach it.
 */
interface PeerCalls extends TableCalls {
  @Override
  default int cuCtxEnablePeerAccess(@Nullable CUcontext peerContext, int flags) {
    ClientContext current = core().thread().current();
    int refused = core().refusal(core().thread());
    if (refused != CUresult.CUDA_SUCCESS) {
      return refused;
    }
    ClientContext peer = core().contexts().find(JCudaFields.value(peerContext));
    if (peer == null || peer == current) {
      return CUresult.CUDA_ERROR_INVALID_CONTEXT;
    }
    return core()
        .local(
            flags == 0
                ? CUresult.CUDA_ERROR_PEER_ACCESS_UNSUPPORTED
                : CUresult.CUDA_ERROR_INVALID_VALUE);
  }

  @Override
  default int cuCtxDisablePeerAccess(@Nullable CUcontext peerContext) {
    int refused = core().refusal(core().thread());
    if (refused != CUresult.CUDA_SUCCESS) {
      return refused;
    }
    return core().contexts().find(JCudaFields.value(peerContext)) == null
        ? CUresult.CUDA_ERROR_INVALID_CONTEXT
        : core().local(CUresult.CUDA_ERROR_PEER_ACCESS_NOT_ENABLED);
  }

  @Override
  default int cuMemcpy3DPeer(@Nullable CUDA_MEMCPY3D_PEER pCopy) {
    return copy(pCopy, null, true);
  }

  @Override
  default int cuMemcpy3DPeerAsync(@Nullable CUDA_MEMCPY3D_PEER pCopy, @Nullable CUstream hStream) {
    return copy(pCopy, hStream, false);
  }

  private int copy(@Nullable CUDA_MEMCPY3D_PEER pCopy, @Nullable CUstream hStream, boolean waits) {
    if (pCopy == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    if (pCopy.WidthInBytes == 0 || pCopy.Height == 0 || pCopy.Depth == 0) {
      return core().local(CUresult.CUDA_SUCCESS);
    }
    int result = checkSide(pCopy.srcMemoryType, pCopy.srcDevice, pCopy.srcContext);
    if (result == CUresult.CUDA_SUCCESS) {
      result = checkSide(pCopy.dstMemoryType, pCopy.dstDevice, pCopy.dstContext);
    }
    return result == CUresult.CUDA_SUCCESS
        ? new BoxCopy(core(), box(pCopy), hStream, waits).run()
        : result;
  }

  /** Whether one side of a copy lies where the program says: in a device's memory, or elsewhere. */
  private int checkSide(int type, @Nullable CUdeviceptr pointer, @Nullable CUcontext named) {
    if (type != CUmemorytype.CU_MEMORYTYPE_DEVICE) {
      return CUresult.CUDA_SUCCESS;
    }
    ClientContext context = core().contexts().find(JCudaFields.value(named));
    if (context == null) {
      return CUresult.CUDA_ERROR_INVALID_CONTEXT;
    }
    DeviceSnapshot device = core().contexts().devices().get(context.device());
    long offset = JCudaFields.address(pointer) - device.getSlabAddress();
    return Long.compareUnsigned(offset, device.getSlabBytes()) < 0
        ? CUresult.CUDA_SUCCESS
        : CUresult.CUDA_ERROR_INVALID_VALUE;
  }

  /** The addresses tell the devices, so what is left is a copy like any other. */
  private static CUDA_MEMCPY3D box(CUDA_MEMCPY3D_PEER copy) {
    CUDA_MEMCPY3D box = new CUDA_MEMCPY3D();
    box.srcXInBytes = copy.srcXInBytes;
    box.srcY = copy.srcY;
    box.srcZ = copy.srcZ;
    box.srcLOD = copy.srcLOD;
    box.srcMemoryType = copy.srcMemoryType;
    box.srcHost = copy.srcHost;
    box.srcDevice = copy.srcDevice;
    box.srcArray = copy.srcArray;
    box.srcPitch = copy.srcPitch;
    box.srcHeight = copy.srcHeight;
    box.dstXInBytes = copy.dstXInBytes;
    box.dstY = copy.dstY;
    box.dstZ = copy.dstZ;
    box.dstLOD = copy.dstLOD;
    box.dstMemoryType = copy.dstMemoryType;
    box.dstHost = copy.dstHost;
    box.dstDevice = copy.dstDevice;
    box.dstArray = copy.dstArray;
    box.dstPitch = copy.dstPitch;
    box.dstHeight = copy.dstHeight;
    box.WidthInBytes = copy.WidthInBytes;
    box.Height = copy.Height;
    box.Depth = copy.Depth;
    return box;
  }
}
