// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.client.generated.Outputs;
import io.remora.wire.WireReader;
import io.remora.wire.WireWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import jcuda.Pointer;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUpointer_attribute;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/** Host memory, which never leaves this process, and what can be asked of a pointer. */
interface HostMemoryCalls extends TableCalls {
  /** All bits of {@code CU_MEMHOSTALLOC_...}. */
  int HOST_FLAGS = 7;

  @Override
  default int cuMemAllocHost(@Nullable Pointer pointer, long bytesize) {
    return cuMemHostAlloc(pointer, bytesize, 0);
  }

  @Override
  default int cuMemHostAlloc(@Nullable Pointer pp, long bytesize, int flags) {
    int refused = core().refusal(core().thread());
    if (refused != CUresult.CUDA_SUCCESS || (flags & ~HOST_FLAGS) != 0) {
      return refused != CUresult.CUDA_SUCCESS ? refused : CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    return core().local(core().hostMemory().allocate(pp, bytesize, flags));
  }

  @Override
  default int cuMemFreeHost(@Nullable Pointer p) {
    return core().local(core().hostMemory().free(p));
  }

  @Override
  default int cuMemHostGetFlags(int @Nullable [] pFlags, @Nullable Pointer p) {
    return core().local(core().hostMemory().flags(pFlags, p));
  }

  /** Java memory needs no registration: it is checked to exist, and may be copied as before. */
  @Override
  default int cuMemHostRegister(@Nullable Pointer p, long bytesize, int flags) {
    boolean valid = bytesize > 0 && HostSpan.of(p, bytesize) != null;
    return core().local(valid ? CUresult.CUDA_SUCCESS : CUresult.CUDA_ERROR_INVALID_VALUE);
  }

  @Override
  default int cuMemHostUnregister(@Nullable Pointer p) {
    return core()
        .local(
            HostSpan.of(p, 0) == null ? CUresult.CUDA_ERROR_INVALID_VALUE : CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuPointerGetAttribute(
      @Nullable Pointer data, int attribute, @Nullable CUdeviceptr ptr) {
    ClientCore core = core();
    ThreadState thread = core.thread();
    int result = core.refusal(thread);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    WireWriter out = core.begin(Calls.CU_POINTER_GET_ATTRIBUTE, thread);
    try {
      CallWriter.cuPointerGetAttribute(out, attribute, JCudaFields.address(ptr));
      core.endSync(thread);
    } finally {
      core.release();
    }
    result = core.await(thread, Calls.CU_POINTER_GET_ATTRIBUTE);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    WireReader outputs = core.outputs(thread);
    long value = Outputs.cuPointerGetAttribute(outputs);
    if (attribute == CUpointer_attribute.CU_POINTER_ATTRIBUTE_CONTEXT
        && value < ClientContext.FIRST_CREATED) {
      value++;
    }
    return store(data, attribute, value);
  }

  private static int store(@Nullable Pointer data, int attribute, long value) {
    HostSpan span = HostSpan.of(data, attributeBytes(attribute));
    if (span == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
    bytes.putLong(0, value);
    if (bytes.order() == ByteOrder.BIG_ENDIAN) {
      bytes.position(Long.BYTES - (int) span.bytes());
    } else {
      bytes.limit((int) span.bytes());
    }
    span.write(0, bytes.slice());
    return CUresult.CUDA_SUCCESS;
  }

  /** How many bytes the C function writes. */
  private static int attributeBytes(int attribute) {
    return switch (attribute) {
      case CUpointer_attribute.CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
          CUpointer_attribute.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL ->
          Integer.BYTES;
      case CUpointer_attribute.CU_POINTER_ATTRIBUTE_SYNC_MEMOPS,
          CUpointer_attribute.CU_POINTER_ATTRIBUTE_IS_MANAGED,
          CUpointer_attribute.CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE,
          CUpointer_attribute.CU_POINTER_ATTRIBUTE_MAPPED,
          CUpointer_attribute.CU_POINTER_ATTRIBUTE_IS_GPU_DIRECT_RDMA_CAPABLE ->
          Byte.BYTES;
      default -> Long.BYTES;
    };
  }
}
