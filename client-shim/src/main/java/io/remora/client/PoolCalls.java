// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.wire.WireWriter;
import jcuda.driver.CUmemLocation;
import jcuda.driver.CUmemPoolProps;
import jcuda.driver.CUmemoryPool;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/** Memory pools. */
interface PoolCalls extends TableCalls {
  @Override
  default int cuMemPoolCreate(@Nullable CUmemoryPool pool, @Nullable CUmemPoolProps poolProps) {
    CUmemLocation location = poolProps == null ? null : poolProps.location;
    if (pool == null || poolProps == null || location == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    ThreadState thread = core().thread();
    int result = core().refusal(thread);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    long handle = core().newHandleNear(Integer.toUnsignedLong(location.id));
    WireWriter out = core().begin(Calls.CU_MEM_POOL_CREATE, thread);
    try {
      CallWriter.cuMemPoolCreate(
          out, handle, poolProps.allocType, poolProps.handleTypes, location.type, location.id, 0);
      core().endSync(thread);
    } finally {
      core().release();
    }
    result = core().await(thread, Calls.CU_MEM_POOL_CREATE);
    if (result == CUresult.CUDA_SUCCESS) {
      JCudaFields.setValue(pool, handle);
    }
    return result;
  }
}
