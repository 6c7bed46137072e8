// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import java.util.HashMap;
import java.util.Map;

/**
 * All device attributes of CUDA 13.0 by their {@code CUdevice_attribute} values. What the device
 * can't do is 0.
 */
final class DeviceAttributes {
  /** The last attribute that CUDA 13.0 knows. */
  private static final int LAST = 147;

  private static final int CLOCK_KILOHERTZ = 2_000_000;
  private static final int MEMORY_CLOCK_KILOHERTZ = 1_600_000;

  private DeviceAttributes() {}

  static Map<Integer, Integer> of(DeviceLimits limits, int pciBus) {
    Map<Integer, Integer> attributes = new HashMap<>();
    for (int attribute = 1; attribute <= LAST; attribute++) {
      attributes.put(attribute, 0);
    }
    putExtents(attributes);
    putMultiprocessors(attributes, limits);
    putMemory(attributes);
    putIdentity(attributes, limits, pciBus);
    putAbilities(attributes);
    ImageLimits.put(attributes);
    return attributes;
  }

  private static void putExtents(Map<Integer, Integer> attributes) {
    attributes.put(1, DeviceLimits.THREADS_PER_BLOCK);
    attributes.put(2, 1024); // MAX_BLOCK_DIM_X
    attributes.put(3, 1024); // MAX_BLOCK_DIM_Y
    attributes.put(4, 64); // MAX_BLOCK_DIM_Z
    attributes.put(5, Integer.MAX_VALUE); // MAX_GRID_DIM_X
    attributes.put(6, 65535); // MAX_GRID_DIM_Y
    attributes.put(7, 65535); // MAX_GRID_DIM_Z
  }

  private static void putMultiprocessors(Map<Integer, Integer> attributes, DeviceLimits limits) {
    attributes.put(8, DeviceLimits.SHARED_BYTES_PER_BLOCK);
    attributes.put(10, DeviceLimits.WARP_THREADS);
    attributes.put(12, DeviceLimits.REGISTERS); // MAX_REGISTERS_PER_BLOCK
    attributes.put(13, CLOCK_KILOHERTZ);
    attributes.put(16, limits.multiprocessors());
    attributes.put(39, DeviceLimits.THREADS_PER_MULTIPROCESSOR);
    attributes.put(81, DeviceLimits.SHARED_BYTES_PER_MULTIPROCESSOR);
    attributes.put(82, DeviceLimits.REGISTERS); // MAX_REGISTERS_PER_MULTIPROCESSOR
    attributes.put(87, 2); // SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO, as on a CPU
    attributes.put(97, DeviceLimits.SHARED_BYTES_PER_BLOCK_OPT_IN);
    attributes.put(106, DeviceLimits.BLOCKS_PER_MULTIPROCESSOR);
    attributes.put(111, DeviceLimits.SHARED_BYTES_RESERVED);
  }

  private static void putMemory(Map<Integer, Integer> attributes) {
    attributes.put(9, 64 << 10); // TOTAL_CONSTANT_MEMORY
    attributes.put(11, Integer.MAX_VALUE); // MAX_PITCH
    attributes.put(14, 512); // TEXTURE_ALIGNMENT, which sets the pitch of cuMemAllocPitch
    attributes.put(30, 512); // SURFACE_ALIGNMENT
    attributes.put(36, MEMORY_CLOCK_KILOHERTZ);
    attributes.put(37, 128); // GLOBAL_MEMORY_BUS_WIDTH in bits
    attributes.put(38, 8 << 20); // L2_CACHE_SIZE
    attributes.put(51, 32); // TEXTURE_PITCH_ALIGNMENT
  }

  private static void putIdentity(
      Map<Integer, Integer> attributes, DeviceLimits limits, int pciBus) {
    attributes.put(33, pciBus); // PCI_BUS_ID; device and domain are 0
    attributes.put(75, limits.computeCapability() / 10);
    attributes.put(76, limits.computeCapability() % 10);
    attributes.put(120, limits.hasClusters() ? 1 : 0); // CLUSTER_LAUNCH
    attributes.put(126, 1); // MEM_SYNC_DOMAIN_COUNT
    attributes.put(131, -1); // NUMA_ID: none
    attributes.put(134, -1); // HOST_NUMA_ID: none
  }

  private static void putAbilities(Map<Integer, Integer> attributes) {
    attributes.put(15, 1); // GPU_OVERLAP
    attributes.put(31, 1); // CONCURRENT_KERNELS
    attributes.put(40, 2); // ASYNC_ENGINE_COUNT
    attributes.put(41, 1); // UNIFIED_ADDRESSING
    attributes.put(78, 1); // STREAM_PRIORITIES_SUPPORTED
    attributes.put(79, 1); // GLOBAL_L1_CACHE_SUPPORTED
    attributes.put(80, 1); // LOCAL_L1_CACHE_SUPPORTED
    attributes.put(90, 1); // COMPUTE_PREEMPTION_SUPPORTED: a kernel can be stopped
    attributes.put(92, 1); // CAN_USE_STREAM_MEM_OPS_V1
    attributes.put(93, 1); // CAN_USE_64_BIT_STREAM_MEM_OPS_V1
    attributes.put(94, 1); // CAN_USE_STREAM_WAIT_VALUE_NOR_V1
    attributes.put(95, 1); // COOPERATIVE_LAUNCH
    attributes.put(102, 1); // VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED
    attributes.put(115, 1); // MEMORY_POOLS_SUPPORTED
    attributes.put(122, 1); // CAN_USE_64_BIT_STREAM_MEM_OPS
    attributes.put(123, 1); // CAN_USE_STREAM_WAIT_VALUE_NOR
    attributes.put(129, 1); // UNIFIED_FUNCTION_POINTERS
  }
}
