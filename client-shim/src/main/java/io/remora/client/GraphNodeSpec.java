// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import com.google.protobuf.ByteString;
import io.remora.v1.GraphNodeWork;
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
record GraphNodeSpec(GraphNodeWork work) {
  /** A node that has no more than one number. */
  static GraphNodeSpec of(int type, long argument) {
    return new GraphNodeSpec(
        GraphNodeWork.newBuilder().setType(type).setArgument(argument).build());
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
        GraphNodeWork.newBuilder()
            .setType(CUgraphNodeType.CU_GRAPH_NODE_TYPE_KERNEL)
            .setF(function.handle())
            .setGridDimX(shape[0])
            .setGridDimY(shape[1])
            .setGridDimZ(shape[2])
            .setBlockDimX(shape[3])
            .setBlockDimY(shape[4])
            .setBlockDimZ(shape[5])
            .setSharedMemBytes(shape[6])
            .setKernelParams(ByteString.copyFrom(parameters))
            .build());
  }

  static GraphNodeSpec fill(CUDA_MEMSET_NODE_PARAMS given) {
    return new GraphNodeSpec(
        GraphNodeWork.newBuilder()
            .setType(CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMSET)
            .setDst(JCudaFields.address(given.dst))
            .setDstPitch(given.pitch)
            .setWidthBytes(given.width * given.elementSize)
            .setHeight(given.height)
            .setValue(given.value)
            .setElementBytes(given.elementSize)
            .build());
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
      return new GraphNodeSpec(
          GraphNodeWork.newBuilder()
              .setType(CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMCPY)
              .setDst(destination)
              .setDstPitch(pitch(given.dstPitch, given.WidthInBytes))
              .setSrc(source)
              .setSrcPitch(pitch(given.srcPitch, given.WidthInBytes))
              .setWidthBytes(given.WidthInBytes)
              .setHeight(given.Depth == 0 ? 0 : given.Height)
              .build());
    }
    int memoryType = toDevice ? given.srcMemoryType : given.dstMemoryType;
    if (memoryType != CUmemorytype.CU_MEMORYTYPE_HOST || given.Height != 1 || given.Depth != 1) {
      return null;
    }
    Pointer row =
        toDevice
            ? hostRow(given.srcHost, given.srcXInBytes, given.srcY)
            : hostRow(given.dstHost, given.dstXInBytes, given.dstY);
    HostSpan span = HostSpan.of(row, given.WidthInBytes);
    return row == null || span == null
        ? null
        : hostCopy(core, row, span, toDevice, toDevice ? destination : source);
  }

  private static @Nullable Pointer hostRow(@Nullable Pointer host, long x, long y) {
    return host == null || y != 0 ? null : host.withByteOffset(x);
  }

  /** A copy of the program's memory, which each launch reads or writes anew. */
  private static GraphNodeSpec hostCopy(
      ClientCore core, Pointer row, HostSpan span, boolean toDevice, long address) {
    GraphNodeWork.Builder copy =
        GraphNodeWork.newBuilder()
            .setType(CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMCPY)
            .setWidthBytes(span.bytes())
            .setHeight(1)
            .setArgument(core.hostCopies().register(row, span))
            .setHostCopy(toDevice ? HostCopies.TO_DEVICE : HostCopies.TO_HOST);
    return new GraphNodeSpec((toDevice ? copy.setDst(address) : copy.setSrc(address)).build());
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

  /** Whether the node copies memory. */
  boolean copies() {
    return work.getType() == CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMCPY;
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
