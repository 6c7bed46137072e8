// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.client.generated.Outputs;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUmemAccessDesc;
import jcuda.driver.CUmemAllocationGranularity_flags;
import jcuda.driver.CUmemAllocationProp;
import jcuda.driver.CUmemAllocationType;
import jcuda.driver.CUmemGenericAllocationHandle;
import jcuda.driver.CUmemLocation;
import jcuda.driver.CUmemLocationType;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/** Virtual memory management: the calls with structures. Those with numbers follow the table. */
interface VirtualMemoryCalls extends TableCalls {
  @Override
  default int cuMemCreate(
      @Nullable CUmemGenericAllocationHandle handle,
      long size,
      @Nullable CUmemAllocationProp prop,
      long flags) {
    CUmemLocation location = prop == null ? null : prop.location;
    if (handle == null || prop == null || location == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    int result = checkFlags(prop);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    long number = core().newHandleNear(Integer.toUnsignedLong(location.id));
    result =
        core()
            .ask(
                Calls.CU_MEM_CREATE,
                out ->
                    CallWriter.cuMemCreate(
                        out,
                        number,
                        size,
                        flags,
                        prop.type,
                        prop.requestedHandleTypes,
                        location.type,
                        location.id));
    if (result == CUresult.CUDA_SUCCESS) {
      JCudaFields.setValue(handle, number);
    }
    return result;
  }

  /** Compression is a wish; the other flags would have to be kept to. */
  private int checkFlags(CUmemAllocationProp prop) {
    if (prop.allocFlags.gpuDirectRDMACapable == 0 && prop.allocFlags.usage == 0) {
      return CUresult.CUDA_SUCCESS;
    }
    core()
        .thread()
        .explain("cuMemCreate", "no memory is for GPUDirect RDMA or a tile pool: leave them 0");
    return CUresult.CUDA_ERROR_NOT_SUPPORTED;
  }

  @Override
  default int cuMemSetAccess(
      @Nullable CUdeviceptr ptr, long size, CUmemAccessDesc @Nullable [] desc, long count) {
    if (desc == null || count <= 0 || count > desc.length) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    int[] types = new int[(int) count];
    int[] ids = new int[(int) count];
    int[] access = new int[(int) count];
    for (int i = 0; i < count; i++) {
      CUmemLocation location = desc[i] == null ? null : desc[i].location;
      if (location == null) {
        return CUresult.CUDA_ERROR_INVALID_VALUE;
      }
      types[i] = location.type;
      ids[i] = location.id;
      access[i] = desc[i].flags;
    }
    long address = JCudaFields.address(ptr);
    return core()
        .ask(
            Calls.CU_MEM_SET_ACCESS,
            out -> CallWriter.cuMemSetAccess(out, address, size, types, ids, access));
  }

  @Override
  default int cuMemGetAccess(
      long @Nullable [] flags, @Nullable CUmemLocation location, @Nullable CUdeviceptr ptr) {
    if (flags == null || flags.length == 0 || location == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    long address = JCudaFields.address(ptr);
    int result =
        core()
            .ask(
                Calls.CU_MEM_GET_ACCESS,
                out -> CallWriter.cuMemGetAccess(out, address, location.type, location.id));
    if (result == CUresult.CUDA_SUCCESS) {
      flags[0] = Outputs.cuMemGetAccess(core().outputs());
    }
    return result;
  }

  @Override
  default int cuMemGetAllocationGranularity(
      long @Nullable [] granularity, @Nullable CUmemAllocationProp prop, int option) {
    CUmemLocation location = prop == null ? null : prop.location;
    if (granularity == null
        || granularity.length == 0
        || prop == null
        || location == null
        || option < 0
        || option > CUmemAllocationGranularity_flags.CU_MEM_ALLOC_GRANULARITY_RECOMMENDED) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    int result = checkFlags(prop);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    result =
        core()
            .ask(
                Calls.CU_MEM_GET_ALLOCATION_GRANULARITY,
                out ->
                    CallWriter.cuMemGetAllocationGranularity(
                        out, option, location.type, location.id));
    if (result == CUresult.CUDA_SUCCESS) {
      granularity[0] = Outputs.cuMemGetAllocationGranularity(core().outputs());
    }
    return result;
  }

  @Override
  default int cuMemGetAllocationPropertiesFromHandle(
      @Nullable CUmemAllocationProp prop, @Nullable CUmemGenericAllocationHandle handle) {
    if (prop == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    int result =
        core()
            .ask(
                Calls.CU_MEM_GET_ALLOCATION_PROPERTIES_FROM_HANDLE,
                out ->
                    CallWriter.cuMemGetAllocationPropertiesFromHandle(
                        out, JCudaFields.value(handle)));
    if (result == CUresult.CUDA_SUCCESS) {
      Outputs.CuMemGetAllocationPropertiesFromHandle found =
          Outputs.cuMemGetAllocationPropertiesFromHandle(core().outputs());
      prop.type = CUmemAllocationType.CU_MEM_ALLOCATION_TYPE_PINNED;
      prop.requestedHandleTypes = found.handleTypes();
      prop.location =
          new CUmemLocation(CUmemLocationType.CU_MEM_LOCATION_TYPE_DEVICE, found.locationId());
      prop.win32HandleMetaData = null;
      prop.allocFlags.compressionType = 0;
      prop.allocFlags.gpuDirectRDMACapable = 0;
      prop.allocFlags.usage = 0;
    }
    return result;
  }

  @Override
  default int cuMemRetainAllocationHandle(
      @Nullable CUmemGenericAllocationHandle handle, @Nullable Pointer addr) {
    if (handle == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    long address = JCudaFields.address(addr);
    int result =
        core()
            .ask(
                Calls.CU_MEM_RETAIN_ALLOCATION_HANDLE,
                out -> CallWriter.cuMemRetainAllocationHandle(out, address));
    if (result == CUresult.CUDA_SUCCESS) {
      JCudaFields.setValue(handle, Outputs.cuMemRetainAllocationHandle(core().outputs()));
    }
    return result;
  }
}
