// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.ptx.ClusterShape;
import io.remora.ptx.LaunchShape;
import io.remora.ptx.PtxInstance;
import io.remora.ptx.PtxKernel;
import io.remora.server.driver.Domain.Cluster;
import io.remora.server.driver.Domain.FunctionDescription;
import io.remora.server.driver.Domain.Launch;
import io.remora.server.driver.Domain.ParameterDescription;
import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A kernel of a loaded module, with the attributes that a program may set. */
final class SoftwareFunction {
  private static final int MAX_DYNAMIC_SHARED_SIZE_BYTES = 8;
  private static final int PREFERRED_SHARED_MEMORY_CARVEOUT = 9;

  private final PtxInstance instance;
  private final PtxKernel kernel;
  private final DeviceLimits limits;
  private final ClusterSettings clusters;
  private volatile int dynamicSharedBytesMax;
  private volatile int carveoutPercent = -1;

  SoftwareFunction(PtxInstance instance, PtxKernel kernel, DeviceLimits limits) {
    this.instance = instance;
    this.kernel = kernel;
    this.limits = limits;
    this.clusters = new ClusterSettings(kernel.clusters());
    this.dynamicSharedBytesMax =
        Math.max(0, DeviceLimits.SHARED_BYTES_PER_BLOCK - kernel.staticSharedBytes());
  }

  PtxInstance instance() {
    return instance;
  }

  PtxKernel kernel() {
    return kernel;
  }

  String name() {
    return kernel.name();
  }

  /** By the values of {@code CUfunction_attribute}. */
  FunctionDescription describe(long handle) {
    Map<Integer, Integer> attributes = new HashMap<>();
    attributes.put(0, kernel.maxThreadsPerBlock());
    attributes.put(1, kernel.staticSharedBytes());
    attributes.put(2, kernel.constBytes());
    attributes.put(3, kernel.localBytes());
    attributes.put(4, kernel.registers());
    attributes.put(5, kernel.ptxVersion());
    attributes.put(6, limits.computeCapability());
    attributes.put(7, 0);
    attributes.put(MAX_DYNAMIC_SHARED_SIZE_BYTES, dynamicSharedBytesMax);
    attributes.put(PREFERRED_SHARED_MEMORY_CARVEOUT, carveoutPercent);
    attributes.putAll(clusters.all());
    List<ParameterDescription> parameters =
        kernel.parameters().stream()
            .map(each -> new ParameterDescription(each.offset(), each.size()))
            .toList();
    return new FunctionDescription(
        handle, kernel.name(), attributes, parameters, kernel.parameterBytes());
  }

  /** What {@link #set} can set, as it is. */
  Map<Integer, Integer> settings() {
    Map<Integer, Integer> settings = new HashMap<>(clusters.settings());
    settings.put(MAX_DYNAMIC_SHARED_SIZE_BYTES, dynamicSharedBytesMax);
    settings.put(PREFERRED_SHARED_MEMORY_CARVEOUT, carveoutPercent);
    return settings;
  }

  /** {@code cuFuncSetAttribute}. */
  int set(int attribute, int value) {
    boolean valid;
    if (attribute == MAX_DYNAMIC_SHARED_SIZE_BYTES) {
      int most = DeviceLimits.SHARED_BYTES_PER_BLOCK_OPT_IN - kernel.staticSharedBytes();
      valid = value >= 0 && value <= most;
      if (valid) {
        dynamicSharedBytesMax = value;
      }
    } else if (attribute == PREFERRED_SHARED_MEMORY_CARVEOUT) {
      valid = value >= -1 && value <= 100;
      if (valid) {
        carveoutPercent = value;
      }
    } else if (ClusterSettings.has(attribute)) {
      return clusters.set(attribute, value);
    } else {
      valid = false;
    }
    return valid ? CUresult.CUDA_SUCCESS_VALUE : CUresult.CUDA_ERROR_INVALID_VALUE_VALUE;
  }

  /** The launch's extent, if the kernel can be launched so. */
  LaunchShape shapeOf(Launch launch) {
    int shared = launch.sharedBytes();
    if (shared < 0 || shared > dynamicSharedBytesMax) {
      throw invalid(
          "kernel "
              + kernel.name()
              + " may have "
              + dynamicSharedBytesMax
              + " bytes of dynamic shared memory, not "
              + shared
              + "; cuFuncSetAttribute can raise it");
    }
    if (launch.parameters().remaining() < kernel.parameterBytes()) {
      throw invalid("kernel parameters are " + kernel.parameterBytes() + " bytes");
    }
    LaunchShape shape = clusters.applied(extentOf(launch));
    checkBlock(shape);
    if (shape.cooperative()) {
      checkAllResident(shape);
    }
    return shape;
  }

  private static LaunchShape extentOf(Launch launch) {
    ClusterShape cluster = clusterOf(launch);
    try {
      return new LaunchShape(
          launch.gridX(),
          launch.gridY(),
          launch.gridZ(),
          launch.blockX(),
          launch.blockY(),
          launch.blockZ(),
          launch.sharedBytes(),
          launch.cooperative(),
          cluster);
    } catch (IllegalArgumentException e) {
      throw invalid(String.valueOf(e.getMessage()));
    }
  }

  private static ClusterShape clusterOf(Launch launch) {
    if (launch.cluster().equals(Cluster.NONE)) {
      return ClusterShape.NONE;
    }
    try {
      return new ClusterShape(launch.cluster().x(), launch.cluster().y(), launch.cluster().z());
    } catch (IllegalArgumentException e) {
      throw ClusterSettings.invalid(String.valueOf(e.getMessage()));
    }
  }

  private void checkBlock(LaunchShape shape) {
    List<Integer> required = kernel.requiredBlock();
    if (!required.isEmpty()
        && !required.equals(List.of(shape.blockX(), shape.blockY(), shape.blockZ()))) {
      throw invalid("kernel " + kernel.name() + " was compiled for blocks of " + required);
    }
    if (shape.threadsPerBlock() > kernel.maxThreadsPerBlock()) {
      throw new DriverException(
          CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES_VALUE,
          "kernel "
              + kernel.name()
              + " was compiled for blocks of at most "
              + kernel.maxThreadsPerBlock()
              + " threads");
    }
  }

  private void checkAllResident(LaunchShape shape) {
    long most =
        (long) limits.multiprocessors()
            * limits.residentBlocks(kernel, shape.threadsPerBlock(), shape.dynamicSharedBytes());
    // The blocks of one cluster are resident at once in any case.
    if (shape.blocks() > Math.max(most, shape.cluster().blocks())) {
      throw new DriverException(
          CUresult.CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE_VALUE,
          "a cooperative launch of " + kernel.name() + " can have " + most + " blocks");
    }
  }

  private static DriverException invalid(String detail) {
    return new DriverException(CUresult.CUDA_ERROR_INVALID_VALUE_VALUE, detail);
  }
}
