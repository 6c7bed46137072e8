// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.v1.CUresult;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import jcuda.driver.CUdevice;
import jcuda.driver.JCudaDriver;

/**
 * What a device says of itself, as far as programs can use it from afar: what isn't forwarded is 0,
 * so that programs don't try it.
 */
final class CudaAttributes {
  static final int CAPABILITY_MAJOR = 75;
  static final int CAPABILITY_MINOR = 76;
  static final int VIRTUAL_MEMORY_MANAGEMENT = 102;

  /** The last one that clients know, of CUDA 13.0. */
  private static final int LAST = 147;

  private static final Set<Integer> NOT_FORWARDED =
      Set.of(
          19, // CAN_MAP_HOST_MEMORY: the host is another machine
          83, // MANAGED_MEMORY
          88, // PAGEABLE_MEMORY_ACCESS
          89, // CONCURRENT_MANAGED_ACCESS
          91, // CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM
          96, // COOPERATIVE_MULTI_DEVICE_LAUNCH
          98, // CAN_FLUSH_REMOTE_WRITES
          99, // HOST_REGISTER_SUPPORTED
          100, // PAGEABLE_MEMORY_ACCESS_USES_HOST_PAGE_TABLES
          101, // DIRECT_MANAGED_MEM_ACCESS_FROM_HOST
          103, // HANDLE_TYPE_POSIX_FILE_DESCRIPTOR
          104, // HANDLE_TYPE_WIN32
          105, // HANDLE_TYPE_WIN32_KMT
          107, // GENERIC_COMPRESSION
          110, // GPU_DIRECT_RDMA_WITH_CUDA_VMM
          112, // SPARSE_CUDA_ARRAY
          113, // READ_ONLY_HOST_REGISTER
          114, // TIMELINE_SEMAPHORE_INTEROP
          116, // GPU_DIRECT_RDMA
          119, // MEMPOOL_SUPPORTED_HANDLE_TYPES
          120, // CLUSTER_LAUNCH
          121, // DEFERRED_MAPPING_CUDA_ARRAY
          124, // DMA_BUF
          125, // IPC_EVENT
          127, // TENSOR_MAP_ACCESS
          128, // HANDLE_TYPE_FABRIC
          132 // MULTICAST
          );

  private CudaAttributes() {}

  /** As the device says. */
  static Map<Integer, Integer> all(CUdevice device) {
    Map<Integer, Integer> attributes = new HashMap<>();
    int[] value = new int[1];
    for (int attribute = 1; attribute <= LAST; attribute++) {
      boolean known =
          JCudaDriver.cuDeviceGetAttribute(value, attribute, device) == CUresult.CUDA_SUCCESS_VALUE;
      attributes.put(attribute, known ? value[0] : 0);
    }
    return attributes;
  }

  /** As programs may believe. */
  static Map<Integer, Integer> forwarded(Map<Integer, Integer> all) {
    Map<Integer, Integer> attributes = new HashMap<>(all);
    NOT_FORWARDED.forEach(attribute -> attributes.put(attribute, 0));
    return attributes;
  }
}
