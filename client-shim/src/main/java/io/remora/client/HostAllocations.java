// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import jcuda.Pointer;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/**
 * Host memory that a program got from CUDA: direct buffers. Their handles look like addresses and
 * are none; nothing can be read or written through them.
 */
final class HostAllocations {
  /** Not canonical on any machine, so never confused with an address. */
  private static final long FIRST_HANDLE = 0x7f00_0000_0000_0000L;

  private final ConcurrentHashMap<Long, Allocation> allocations = new ConcurrentHashMap<>();
  private final AtomicLong nextHandle = new AtomicLong(FIRST_HANDLE);

  private record Allocation(ByteBuffer memory, int flags) {}

  /** Makes {@code pointer} one to new memory. */
  int allocate(@Nullable Pointer pointer, long bytes, int flags) {
    if (pointer == null || bytes <= 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    if (bytes > Integer.MAX_VALUE) {
      return CUresult.CUDA_ERROR_OUT_OF_MEMORY;
    }
    ByteBuffer memory;
    try {
      memory = ByteBuffer.allocateDirect((int) bytes).order(ByteOrder.nativeOrder());
    } catch (OutOfMemoryError e) {
      // Raised for the limit on direct memory, not for the heap: the program may go on.
      return CUresult.CUDA_ERROR_OUT_OF_MEMORY;
    }
    long handle = nextHandle.getAndAdd(Math.addExact(bytes, 4096L) & -4096L);
    allocations.put(handle, new Allocation(memory, flags));
    JCudaFields.setValue(pointer, handle);
    JCudaFields.setBuffer(pointer, memory);
    return CUresult.CUDA_SUCCESS;
  }

  /** Whether a pointer is one to, or into, memory that was allocated here. */
  boolean contains(@Nullable Pointer pointer) {
    return allocations.containsKey(JCudaFields.value(pointer));
  }

  int free(@Nullable Pointer pointer) {
    if (allocations.remove(JCudaFields.value(pointer)) == null || pointer == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    JCudaFields.setValue(pointer, 0);
    JCudaFields.setBuffer(pointer, null);
    return CUresult.CUDA_SUCCESS;
  }

  int flags(int @Nullable [] flags, @Nullable Pointer pointer) {
    Allocation allocation = allocations.get(JCudaFields.value(pointer));
    if (allocation == null || flags == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    flags[0] = allocation.flags();
    return CUresult.CUDA_SUCCESS;
  }
}
