// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.client.generated.Outputs;
import io.remora.v1.DeviceSnapshot;
import io.remora.wire.WireWriter;
import jcuda.Pointer;
import jcuda.driver.CUDA_ARRAY3D_DESCRIPTOR;
import jcuda.driver.CUDA_ARRAY_DESCRIPTOR;
import jcuda.driver.CUDA_MEMCPY2D;
import jcuda.driver.CUDA_MEMCPY3D;
import jcuda.driver.CUarray;
import jcuda.driver.CUdevice;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;

/** Arrays: creating, describing, and copies to and from them. */
interface ArrayCalls extends TableCalls {
  @Override
  default int cuArrayCreate(@Nullable CUarray pHandle, @Nullable CUDA_ARRAY_DESCRIPTOR pArray) {
    if (pHandle == null || pArray == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    CUDA_ARRAY3D_DESCRIPTOR shape = new CUDA_ARRAY3D_DESCRIPTOR();
    shape.Width = pArray.Width;
    shape.Height = pArray.Height;
    shape.Format = pArray.Format;
    shape.NumChannels = pArray.NumChannels;
    return cuArray3DCreate(pHandle, shape);
  }

  @Override
  default int cuArray3DCreate(@Nullable CUarray pHandle, @Nullable CUDA_ARRAY3D_DESCRIPTOR pArray) {
    if (pHandle == null || pArray == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    ThreadState thread = core().thread();
    int result = core().refusal(thread);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    WireWriter out = core().begin(Calls.CU_ARRAY3_D_CREATE, thread);
    try {
      CallWriter.cuArray3DCreate(
          out,
          pArray.Width,
          pArray.Height,
          pArray.Depth,
          pArray.Format,
          pArray.NumChannels,
          pArray.Flags);
      core().endSync(thread);
    } finally {
      core().release();
    }
    result = core().await(thread, Calls.CU_ARRAY3_D_CREATE);
    if (result == CUresult.CUDA_SUCCESS) {
      Outputs.CuArray3DCreate made = Outputs.cuArray3DCreate(core().outputs(thread));
      core()
          .arrays()
          .add(
              new ClientArrays.Rows(
                  pArray.Width,
                  pArray.Height,
                  pArray.Depth,
                  pArray.Format,
                  pArray.NumChannels,
                  pArray.Flags,
                  made.pHandle(),
                  made.pitch()));
      JCudaFields.setValue(pHandle, made.pHandle());
    }
    return result;
  }

  @Override
  default int cuArrayDestroy(@Nullable CUarray hArray) {
    ThreadState thread = core().thread();
    int result = core().refusal(thread);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    if (!core().arrays().remove(hArray)) {
      return CUresult.CUDA_ERROR_INVALID_HANDLE;
    }
    WireWriter out = core().begin(Calls.CU_ARRAY_DESTROY, thread);
    try {
      CallWriter.cuArrayDestroy(out, JCudaFields.value(hArray));
      return core().endAsync();
    } finally {
      core().release();
    }
  }

  @Override
  default int cuArrayGetDescriptor(
      @Nullable CUDA_ARRAY_DESCRIPTOR pArrayDescriptor, @Nullable CUarray hArray) {
    CUDA_ARRAY3D_DESCRIPTOR shape = new CUDA_ARRAY3D_DESCRIPTOR();
    int result =
        pArrayDescriptor == null
            ? CUresult.CUDA_ERROR_INVALID_VALUE
            : cuArray3DGetDescriptor(shape, hArray);
    if (result == CUresult.CUDA_SUCCESS && pArrayDescriptor != null) {
      pArrayDescriptor.Width = shape.Width;
      pArrayDescriptor.Height = shape.Height;
      pArrayDescriptor.Format = shape.Format;
      pArrayDescriptor.NumChannels = shape.NumChannels;
    }
    return result;
  }

  @Override
  default int cuArray3DGetDescriptor(
      @Nullable CUDA_ARRAY3D_DESCRIPTOR pArrayDescriptor, @Nullable CUarray hArray) {
    ClientArrays.Rows rows = core().arrays().find(hArray);
    if (rows == null || pArrayDescriptor == null) {
      return core()
          .local(
              rows == null
                  ? CUresult.CUDA_ERROR_INVALID_HANDLE
                  : CUresult.CUDA_ERROR_INVALID_VALUE);
    }
    rows.describe(pArrayDescriptor);
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuDeviceGetTexture1DLinearMaxWidth(
      long @Nullable [] maxWidthInElements, int format, int numChannels, @Nullable CUdevice dev) {
    DeviceSnapshot device = DeviceCalls.DeviceValues.find(core(), dev);
    if (device == null) {
      return CUresult.CUDA_ERROR_INVALID_DEVICE;
    }
    if (maxWidthInElements == null
        || maxWidthInElements.length == 0
        || !ClientArrays.isTexel(format, numChannels)) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    Integer width =
        device
            .getAttributesMap()
            .get(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAXIMUM_TEXTURE1D_LINEAR_WIDTH);
    if (width == null) {
      return CUresult.CUDA_ERROR_NOT_SUPPORTED;
    }
    maxWidthInElements[0] = width;
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuMemcpy3D(@Nullable CUDA_MEMCPY3D pCopy) {
    return pCopy == null
        ? CUresult.CUDA_ERROR_INVALID_VALUE
        : new BoxCopy(core(), pCopy, null, true).run();
  }

  @Override
  default int cuMemcpy3DAsync(@Nullable CUDA_MEMCPY3D pCopy, @Nullable CUstream hStream) {
    return pCopy == null
        ? CUresult.CUDA_ERROR_INVALID_VALUE
        : new BoxCopy(core(), pCopy, hStream, false).run();
  }

  @Override
  default int cuMemcpyHtoA(
      @Nullable CUarray dstArray, long dstOffset, @Nullable Pointer srcHost, long byteCount) {
    return cuMemcpyHtoAAsync(dstArray, dstOffset, srcHost, byteCount, null);
  }

  @Override
  default int cuMemcpyHtoAAsync(
      @Nullable CUarray dstArray,
      long dstOffset,
      @Nullable Pointer srcHost,
      long byteCount,
      @Nullable CUstream hStream) {
    CUDA_MEMCPY2D copy = new CUDA_MEMCPY2D();
    copy.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_HOST;
    copy.srcHost = srcHost;
    return ranges(copy, dstArray, dstOffset, null, 0, byteCount, hStream);
  }

  @Override
  default int cuMemcpyAtoH(
      @Nullable Pointer dstHost, @Nullable CUarray srcArray, long srcOffset, long byteCount) {
    return cuMemcpyAtoHAsync(dstHost, srcArray, srcOffset, byteCount, null);
  }

  @Override
  default int cuMemcpyAtoHAsync(
      @Nullable Pointer dstHost,
      @Nullable CUarray srcArray,
      long srcOffset,
      long byteCount,
      @Nullable CUstream hStream) {
    CUDA_MEMCPY2D copy = new CUDA_MEMCPY2D();
    copy.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_HOST;
    copy.dstHost = dstHost;
    return ranges(copy, null, 0, srcArray, srcOffset, byteCount, hStream);
  }

  @Override
  default int cuMemcpyDtoA(
      @Nullable CUarray dstArray, long dstOffset, @Nullable CUdeviceptr srcDevice, long byteCount) {
    CUDA_MEMCPY2D copy = new CUDA_MEMCPY2D();
    copy.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
    copy.srcDevice = srcDevice;
    return ranges(copy, dstArray, dstOffset, null, 0, byteCount, null);
  }

  @Override
  default int cuMemcpyAtoD(
      @Nullable CUdeviceptr dstDevice, @Nullable CUarray srcArray, long srcOffset, long byteCount) {
    CUDA_MEMCPY2D copy = new CUDA_MEMCPY2D();
    copy.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_DEVICE;
    copy.dstDevice = dstDevice;
    return ranges(copy, null, 0, srcArray, srcOffset, byteCount, null);
  }

  @Override
  default int cuMemcpyAtoA(
      @Nullable CUarray dstArray,
      long dstOffset,
      @Nullable CUarray srcArray,
      long srcOffset,
      long byteCount) {
    return ranges(new CUDA_MEMCPY2D(), dstArray, dstOffset, srcArray, srcOffset, byteCount, null);
  }

  /**
   * Copies a range of bytes, counted without what lies between an array's rows: a part of one row,
   * or whole rows. A memory type that isn't set yet is an array's.
   */
  private int ranges(
      CUDA_MEMCPY2D copy,
      @Nullable CUarray dstArray,
      long dstOffset,
      @Nullable CUarray srcArray,
      long srcOffset,
      long byteCount,
      @Nullable CUstream hStream) {
    long[] widths = {0, 0};
    if (copy.srcMemoryType == 0) {
      ClientArrays.Rows rows = core().arrays().find(srcArray);
      int result = part(copy, rows, srcOffset, byteCount);
      if (rows == null || result != CUresult.CUDA_SUCCESS) {
        return result;
      }
      copy.srcMemoryType = CUmemorytype.CU_MEMORYTYPE_ARRAY;
      copy.srcArray = srcArray;
      copy.srcXInBytes = srcOffset % rows.rowBytes();
      copy.srcY = srcOffset / rows.rowBytes();
      widths[0] = copy.WidthInBytes;
    }
    if (copy.dstMemoryType == 0) {
      ClientArrays.Rows rows = core().arrays().find(dstArray);
      int result = part(copy, rows, dstOffset, byteCount);
      if (rows == null || result != CUresult.CUDA_SUCCESS) {
        return result;
      }
      copy.dstMemoryType = CUmemorytype.CU_MEMORYTYPE_ARRAY;
      copy.dstArray = dstArray;
      copy.dstXInBytes = dstOffset % rows.rowBytes();
      copy.dstY = dstOffset / rows.rowBytes();
      widths[1] = copy.WidthInBytes;
    }
    return widths[0] != 0 && widths[1] != 0 && widths[0] != widths[1]
        ? CUresult.CUDA_ERROR_NOT_SUPPORTED
        : new RowsCopy(core(), copy, hStream, hStream == null).run();
  }

  private static int part(
      CUDA_MEMCPY2D copy, ClientArrays.@Nullable Rows rows, long offset, long byteCount) {
    if (rows == null) {
      return CUresult.CUDA_ERROR_INVALID_HANDLE;
    }
    if (offset < 0 || byteCount < 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    long row = rows.rowBytes();
    boolean inOneRow = byteCount <= row - offset % row;
    copy.WidthInBytes = inOneRow ? byteCount : row;
    copy.Height = inOneRow ? 1 : byteCount / row;
    return inOneRow || (offset % row == 0 && byteCount % row == 0)
        ? CUresult.CUDA_SUCCESS
        : CUresult.CUDA_ERROR_NOT_SUPPORTED;
  }
}
