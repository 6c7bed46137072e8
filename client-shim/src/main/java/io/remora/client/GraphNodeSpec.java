// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.wire.WireWriter;
import java.util.Arrays;
import jcuda.Pointer;
import jcuda.driver.CUDA_KERNEL_NODE_PARAMS;
import jcuda.driver.CUDA_MEMCPY3D;
import jcuda.driver.CUDA_MEMSET_NODE_PARAMS;
import jcuda.driver.CUgraphNodeType;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/** What a node of a graph is to do, as it travels. */
record GraphNodeSpec(
    int type, @Nullable Kernel kernel, @Nullable Rows rows, long argument, int hostCopy) {
  private static final byte[] NO_PARAMETERS = {};
  private static final Kernel NO_KERNEL = new Kernel(0, new int[7], NO_PARAMETERS);
  private static final Rows NO_ROWS = new Rows(0, 0, 0, 0, 0, 0, 0, 0);

  /**
   * @param shape grid, block and shared memory, as a launch has them
   */
  @SuppressWarnings("ArrayRecordComponent") // Made here and written once.
  record Kernel(long function, int[] shape, byte[] parameters) {}

  record Rows(
      long destination,
      long destinationPitch,
      long source,
      long sourcePitch,
      long widthBytes,
      long height,
      int value,
      int elementBytes) {}

  /** A node that has no more than one number. */
  static GraphNodeSpec of(int type, long argument) {
    return new GraphNodeSpec(type, null, null, argument, 0);
  }

  /**
   * A kernel.
   *
   * @return null if it can't be launched so; the thread knows why
   */
  static @Nullable GraphNodeSpec kernel(
      ClientCore core, ThreadState thread, CUDA_KERNEL_NODE_PARAMS given) {
    Function function = Launch.function(core, thread, given.func);
    int[] shape = {
      given.gridDimX,
      given.gridDimY,
      given.gridDimZ,
      given.blockDimX,
      given.blockDimY,
      given.blockDimZ,
      given.sharedMemBytes
    };
    int result =
        Launch.check(
            core, thread, function, shape[0], shape[1], shape[2], shape[3], shape[4], shape[5]);
    if (result != CUresult.CUDA_SUCCESS || function == null) {
      return null;
    }
    byte[] parameters = new byte[function.parameterBytes()];
    if (Launch.marshal(thread, function, given.kernelParams, given.extra, parameters)
        != CUresult.CUDA_SUCCESS) {
      return null;
    }
    return new GraphNodeSpec(
        CUgraphNodeType.CU_GRAPH_NODE_TYPE_KERNEL,
        new Kernel(function.handle(), shape, parameters),
        null,
        0,
        0);
  }

  static GraphNodeSpec fill(CUDA_MEMSET_NODE_PARAMS given) {
    Rows rows =
        new Rows(
            JCudaFields.address(given.dst),
            given.pitch,
            0,
            0,
            given.width * given.elementSize,
            given.height,
            given.value,
            given.elementSize);
    return new GraphNodeSpec(CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMSET, null, rows, 0, 0);
  }

  /**
   * A copy of rows within a device, or of bytes between device and host.
   *
   * @return null for another copy, which graphs can't have
   */
  static @Nullable GraphNodeSpec copy(ClientCore core, CUDA_MEMCPY3D given) {
    boolean fromDevice = isDevice(given.srcMemoryType);
    boolean toDevice = isDevice(given.dstMemoryType);
    if (given.Depth > 1 || !fromDevice && !toDevice) {
      return null;
    }
    long destination =
        start(
            JCudaFields.address(given.dstDevice),
            given.dstXInBytes,
            given.dstY + given.dstZ * given.dstHeight,
            given.dstPitch);
    long source =
        start(
            JCudaFields.address(given.srcDevice),
            given.srcXInBytes,
            given.srcY + given.srcZ * given.srcHeight,
            given.srcPitch);
    if (fromDevice && toDevice) {
      Rows rows =
          new Rows(
              destination,
              pitch(given.dstPitch, given.WidthInBytes),
              source,
              pitch(given.srcPitch, given.WidthInBytes),
              given.WidthInBytes,
              given.Depth == 0 ? 0 : given.Height,
              0,
              0);
      return new GraphNodeSpec(CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMCPY, null, rows, 0, 0);
    }
    int memoryType = toDevice ? given.srcMemoryType : given.dstMemoryType;
    if (memoryType != CUmemorytype.CU_MEMORYTYPE_HOST || given.Height != 1 || given.Depth != 1) {
      return null;
    }
    HostSpan span =
        toDevice
            ? hostRow(given.srcHost, given.srcXInBytes, given.srcY, given)
            : hostRow(given.dstHost, given.dstXInBytes, given.dstY, given);
    return span == null ? null : hostCopy(core, span, toDevice, toDevice ? destination : source);
  }

  private static @Nullable HostSpan hostRow(
      @Nullable Pointer host, long x, long y, CUDA_MEMCPY3D given) {
    return host == null || y != 0 ? null : HostSpan.of(host.withByteOffset(x), given.WidthInBytes);
  }

  /** A copy of the program's memory, which each launch reads or writes anew. */
  static GraphNodeSpec hostCopy(ClientCore core, HostSpan span, boolean toDevice, long address) {
    Rows rows =
        toDevice
            ? new Rows(address, 0, 0, 0, span.bytes(), 1, 0, 0)
            : new Rows(0, 0, address, 0, span.bytes(), 1, 0, 0);
    return new GraphNodeSpec(
        CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMCPY,
        null,
        rows,
        core.hostCopies().register(span),
        toDevice ? HostCopies.TO_DEVICE : HostCopies.TO_HOST);
  }

  private static boolean isDevice(int memoryType) {
    return memoryType == CUmemorytype.CU_MEMORYTYPE_DEVICE
        || memoryType == CUmemorytype.CU_MEMORYTYPE_UNIFIED;
  }

  private static long start(long address, long x, long rows, long pitch) {
    return address + x + rows * pitch;
  }

  /** Where there is one row its pitch may be left out. */
  private static long pitch(long given, long width) {
    return given == 0 ? width : given;
  }

  void writeAdd(WireWriter out, long node, long graph, long[] dependencies) {
    Kernel launch = kernel == null ? NO_KERNEL : kernel;
    Rows area = rows == null ? NO_ROWS : rows;
    int[] shape = launch.shape;
    CallWriter.remoraGraphAddNode(
        out,
        node,
        graph,
        dependencies,
        type,
        launch.function,
        shape[0],
        shape[1],
        shape[2],
        shape[3],
        shape[4],
        shape[5],
        shape[6],
        launch.parameters,
        area.destination,
        area.destinationPitch,
        area.source,
        area.sourcePitch,
        area.widthBytes,
        area.height,
        area.value,
        area.elementBytes,
        argument,
        hostCopy);
  }

  /** Whether the node copies memory. */
  boolean copies() {
    return type == CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMCPY;
  }

  void writeSet(WireWriter out, long exec, long node) {
    Kernel launch = kernel == null ? NO_KERNEL : kernel;
    Rows area = rows == null ? NO_ROWS : rows;
    int[] shape = launch.shape;
    CallWriter.remoraGraphSetNode(
        out,
        exec,
        node,
        type,
        launch.function,
        shape[0],
        shape[1],
        shape[2],
        shape[3],
        shape[4],
        shape[5],
        shape[6],
        launch.parameters,
        area.destination,
        area.destinationPitch,
        area.source,
        area.sourcePitch,
        area.widthBytes,
        area.height,
        area.value,
        area.elementBytes,
        argument,
        hostCopy);
  }

  /** Handles of nodes; null if there are fewer than the program says. */
  static long @Nullable [] handles(jcuda.driver.CUgraphNode @Nullable [] nodes, long count) {
    if (count == 0) {
      return new long[0];
    }
    if (nodes == null || count < 0 || nodes.length < count) {
      return null;
    }
    return Arrays.stream(nodes).limit(count).mapToLong(JCudaFields::value).toArray();
  }
}
