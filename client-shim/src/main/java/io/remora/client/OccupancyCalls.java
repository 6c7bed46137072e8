// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.v1.DeviceSnapshot;
import java.util.Map;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUoccupancyB2DSize;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/** The search for a good block size, which asks the server for the occupancy of each candidate. */
interface OccupancyCalls extends TableCalls {
  @Override
  default int cuOccupancyMaxPotentialBlockSize(
      int @Nullable [] minGridSize,
      int @Nullable [] blockSize,
      @Nullable CUfunction func,
      @Nullable CUoccupancyB2DSize blockSizeToDynamicSMemSize,
      long dynamicSMemSize,
      int blockSizeLimit) {
    return cuOccupancyMaxPotentialBlockSizeWithFlags(
        minGridSize,
        blockSize,
        func,
        blockSizeToDynamicSMemSize,
        dynamicSMemSize,
        blockSizeLimit,
        0);
  }

  /** The block size with the most threads for each multiprocessor; the largest of equals. */
  @Override
  default int cuOccupancyMaxPotentialBlockSizeWithFlags(
      int @Nullable [] minGridSize,
      int @Nullable [] blockSize,
      @Nullable CUfunction func,
      @Nullable CUoccupancyB2DSize blockSizeToDynamicSMemSize,
      long dynamicSMemSize,
      int blockSizeLimit,
      int flags) {
    ClientCore core = core();
    int refused = core.refusal(core.thread());
    ClientContext context = core.thread().current();
    if (refused != CUresult.CUDA_SUCCESS || context == null) {
      return refused;
    }
    Function function = core.functions().get(JCudaFields.value(func));
    if (function == null) {
      return CUresult.CUDA_ERROR_INVALID_HANDLE;
    }
    if (minGridSize == null || blockSize == null || blockSizeLimit < 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    DeviceSnapshot device = core.contexts().devices().get(context.device());
    Map<Integer, Integer> values = device.getAttributesMap();
    int warp = values.getOrDefault(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_WARP_SIZE, 32);
    int multiprocessors =
        values.getOrDefault(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, 1);
    int limit =
        Math.min(
            function
                .attributes()
                .getOrDefault(CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK, 1024),
            blockSizeLimit == 0 ? Integer.MAX_VALUE : blockSizeLimit);
    int most = 0;
    int[] blocks = new int[1];
    for (int size = limit; size > 0; size = (size - 1) / warp * warp) {
      long shared =
          blockSizeToDynamicSMemSize == null
              ? dynamicSMemSize
              : blockSizeToDynamicSMemSize.call(size);
      int result =
          cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(blocks, func, size, shared, flags);
      if (result != CUresult.CUDA_SUCCESS) {
        return result;
      }
      if (blocks[0] * size > most) {
        most = blocks[0] * size;
        blockSize[0] = size;
        minGridSize[0] = blocks[0] * multiprocessors;
      }
    }
    return most > 0 ? CUresult.CUDA_SUCCESS : CUresult.CUDA_ERROR_INVALID_VALUE;
  }
}
