// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.client.generated.Outputs;
import io.remora.wire.WireException;
import io.remora.wire.WireReader;
import io.remora.wire.WireWriter;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import jcuda.NativePointerObject;
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
    return store(data, attribute, asSeen(attribute, Outputs.cuPointerGetAttribute(outputs)));
  }

  /** A primary context's handle on the wire is one less than the one that programs see. */
  private static long asSeen(int attribute, long value) {
    boolean primary =
        attribute == CUpointer_attribute.CU_POINTER_ATTRIBUTE_CONTEXT
            && value < ClientContext.FIRST_CREATED;
    return primary ? value + 1 : value;
  }

  /** Of an address that isn't in an allocation everything is 0, and no error. */
  @Override
  default int cuPointerGetAttributes(
      int numAttributes,
      int @Nullable [] attributes,
      @Nullable Pointer data,
      @Nullable CUdeviceptr ptr) {
    NativePointerObject[] places = data == null ? null : JCudaFields.pointers(data);
    if (numAttributes <= 0
        || attributes == null
        || numAttributes > attributes.length
        || places == null
        || numAttributes > places.length) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    // With it CUDA tells whether the address is known, which decides what an ordinal of 0 means.
    int[] asked = Arrays.copyOf(attributes, numAttributes + 1);
    asked[numAttributes] = CUpointer_attribute.CU_POINTER_ATTRIBUTE_MEMORY_TYPE;
    long address = JCudaFields.address(ptr);
    int result =
        core()
            .ask(
                Calls.CU_POINTER_GET_ATTRIBUTES,
                out -> CallWriter.cuPointerGetAttributes(out, asked, address));
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    long[] values = Outputs.cuPointerGetAttributes(core().outputs());
    if (values.length != asked.length) {
      throw new WireException("there are not as many pointer attributes as were asked for");
    }
    boolean known = values[numAttributes] != 0;
    for (int i = 0; i < numAttributes && result == CUresult.CUDA_SUCCESS; i++) {
      if (places[i] != null) {
        long value = known ? asSeen(asked[i], values[i]) : unknown(asked[i]);
        result =
            places[i] instanceof Pointer place
                ? store(place, asked[i], value)
                : CUresult.CUDA_ERROR_INVALID_VALUE;
      }
    }
    return result;
  }

  /** The only attribute that can be set; the value has one byte, or four as C programs give it. */
  @Override
  default int cuPointerSetAttribute(
      @Nullable Pointer value, int attribute, @Nullable CUdeviceptr ptr) {
    HostSpan span = HostSpan.of(value, Integer.BYTES);
    span = span == null ? HostSpan.of(value, Byte.BYTES) : span;
    if (span == null || attribute != CUpointer_attribute.CU_POINTER_ATTRIBUTE_SYNC_MEMOPS) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    int length = (int) span.bytes();
    ByteBuffer bytes = span.read(0, length, ByteBuffer.allocate(length));
    boolean set = false;
    for (int i = 0; i < length; i++) {
      set |= bytes.get(bytes.position() + i) != 0;
    }
    int setting = set ? 1 : 0;
    long address = JCudaFields.address(ptr);
    return core()
        .ask(
            Calls.CU_POINTER_SET_ATTRIBUTE,
            out -> CallWriter.cuPointerSetAttribute(out, attribute, address, setting));
  }

  private static long unknown(int attribute) {
    boolean ordinal = attribute == CUpointer_attribute.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL;
    return ordinal ? JCudaFields.value(RemoteDriver.CU_DEVICE_INVALID) : 0;
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
          CUpointer_attribute.CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL,
          CUpointer_attribute.CU_POINTER_ATTRIBUTE_ACCESS_FLAGS ->
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
