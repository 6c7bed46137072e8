// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import com.google.protobuf.InvalidProtocolBufferException;
import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.client.generated.Outputs;
import io.remora.v1.GraphNodeWork;
import io.remora.v1.LaunchAttribute;
import io.remora.wire.WireException;
import java.util.List;
import java.util.function.Consumer;
import jcuda.NativePointerObject;
import jcuda.Pointer;
import jcuda.driver.CUDA_HOST_NODE_PARAMS;
import jcuda.driver.CUDA_MEMCPY3D;
import jcuda.driver.CUDA_MEMSET_NODE_PARAMS;
import jcuda.driver.CUdeviceptr;
import jcuda.driver.CUevent;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphNode;
import jcuda.driver.CUgraphNodeType;
import jcuda.driver.CUkernelNodeAttrID;
import jcuda.driver.CUkernelNodeAttrValue;
import jcuda.driver.CUmemorytype;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/** What nodes of graphs are, and attributes of kernels in graphs. */
interface GraphNodeCalls extends TableCalls {
  /** Asks for a node of a type, and gives what is found to {@code taker}. */
  private int ask(@Nullable CUgraphNode node, int type, Consumer<GraphNodeWork> taker) {
    long handle = JCudaFields.value(node);
    if (handle == 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    int result =
        core().ask(Calls.REMORA_GRAPH_NODE, out -> CallWriter.remoraGraphNode(out, handle, type));
    if (result == CUresult.CUDA_SUCCESS) {
      try {
        taker.accept(GraphNodeWork.parseFrom(Outputs.remoraGraphNode(core().outputs())));
      } catch (InvalidProtocolBufferException e) {
        throw new WireException("a node of a graph is malformed: " + e.getMessage());
      }
    }
    return result;
  }

  @Override
  default int cuGraphMemcpyNodeGetParams(
      @Nullable CUgraphNode hNode, @Nullable CUDA_MEMCPY3D nodeParams) {
    return nodeParams == null
        ? CUresult.CUDA_ERROR_INVALID_VALUE
        : ask(
            hNode,
            CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMCPY,
            work -> describe(core(), work, nodeParams));
  }

  private static void describe(ClientCore core, GraphNodeWork work, CUDA_MEMCPY3D into) {
    Pointer host = work.getHostCopy() == 0 ? null : core.hostCopies().find(work.getArgument());
    boolean fromHost = work.getHostCopy() == HostCopies.TO_DEVICE;
    boolean toHost = work.getHostCopy() == HostCopies.TO_HOST;
    into.srcXInBytes = 0;
    into.srcY = 0;
    into.srcZ = 0;
    into.srcLOD = 0;
    into.srcMemoryType =
        fromHost ? CUmemorytype.CU_MEMORYTYPE_HOST : CUmemorytype.CU_MEMORYTYPE_DEVICE;
    into.srcHost = fromHost ? host : null;
    into.srcDevice = fromHost ? null : pointer(work.getSrc());
    into.srcArray = null;
    into.srcPitch = fromHost ? work.getWidthBytes() : work.getSrcPitch();
    into.srcHeight = work.getHeight();
    into.dstXInBytes = 0;
    into.dstY = 0;
    into.dstZ = 0;
    into.dstLOD = 0;
    into.dstMemoryType =
        toHost ? CUmemorytype.CU_MEMORYTYPE_HOST : CUmemorytype.CU_MEMORYTYPE_DEVICE;
    into.dstHost = toHost ? host : null;
    into.dstDevice = toHost ? null : pointer(work.getDst());
    into.dstArray = null;
    into.dstPitch = toHost ? work.getWidthBytes() : work.getDstPitch();
    into.dstHeight = work.getHeight();
    into.WidthInBytes = work.getWidthBytes();
    into.Height = work.getHeight();
    into.Depth = 1;
  }

  private static CUdeviceptr pointer(long address) {
    CUdeviceptr pointer = new CUdeviceptr();
    JCudaFields.setValue(pointer, address);
    return pointer;
  }

  @Override
  default int cuGraphMemsetNodeGetParams(
      @Nullable CUgraphNode hNode, @Nullable CUDA_MEMSET_NODE_PARAMS nodeParams) {
    return nodeParams == null
        ? CUresult.CUDA_ERROR_INVALID_VALUE
        : ask(
            hNode,
            CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMSET,
            work -> {
              int unit = Math.max(1, work.getElementBytes());
              nodeParams.dst = pointer(work.getDst());
              nodeParams.pitch = work.getDstPitch();
              nodeParams.value = work.getValue();
              nodeParams.elementSize = unit;
              nodeParams.width = work.getWidthBytes() / unit;
              nodeParams.height = work.getHeight();
            });
  }

  @Override
  default int cuGraphHostNodeGetParams(
      @Nullable CUgraphNode hNode, @Nullable CUDA_HOST_NODE_PARAMS nodeParams) {
    return nodeParams == null
        ? CUresult.CUDA_ERROR_INVALID_VALUE
        : ask(
            hNode,
            CUgraphNodeType.CU_GRAPH_NODE_TYPE_HOST,
            work -> {
              HostFunction found = core().hostFunctions().find(work.getArgument());
              nodeParams.fn = found == null ? null : found.function();
              nodeParams.userData = found == null ? null : found.data();
            });
  }

  @Override
  default int cuGraphChildGraphNodeGetGraph(
      @Nullable CUgraphNode hNode, @Nullable CUgraph phGraph) {
    return askHandle(hNode, CUgraphNodeType.CU_GRAPH_NODE_TYPE_GRAPH, phGraph);
  }

  @Override
  default int cuGraphEventRecordNodeGetEvent(
      @Nullable CUgraphNode hNode, @Nullable CUevent eventOut) {
    return askHandle(hNode, CUgraphNodeType.CU_GRAPH_NODE_TYPE_EVENT_RECORD, eventOut);
  }

  @Override
  default int cuGraphEventWaitNodeGetEvent(
      @Nullable CUgraphNode hNode, @Nullable CUevent eventOut) {
    return askHandle(hNode, CUgraphNodeType.CU_GRAPH_NODE_TYPE_WAIT_EVENT, eventOut);
  }

  /** A node of which nothing but one handle is known. */
  private int askHandle(
      @Nullable CUgraphNode node, int type, @Nullable NativePointerObject handle) {
    return handle == null
        ? CUresult.CUDA_ERROR_INVALID_VALUE
        : ask(node, type, work -> JCudaFields.setValue(handle, work.getArgument()));
  }

  /** Those for which JCuda's structure has a place; a node has others all the same. */
  private boolean isKnown(String call, int attribute) {
    boolean known =
        attribute == CUkernelNodeAttrID.CU_KERNEL_NODE_ATTRIBUTE_ACCESS_POLICY_WINDOW
            || attribute == CUkernelNodeAttrID.CU_KERNEL_NODE_ATTRIBUTE_COOPERATIVE;
    if (!known) {
      core()
          .thread()
          .explain(call, "JCuda's structure has the access policy and whether it cooperates only");
    }
    return known;
  }

  @Override
  default int cuGraphKernelNodeGetAttribute(
      @Nullable CUgraphNode hNode, int attr, @Nullable CUkernelNodeAttrValue valueOut) {
    if (valueOut == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    return isKnown("cuGraphKernelNodeGetAttribute", attr)
        ? ask(
            hNode,
            CUgraphNodeType.CU_GRAPH_NODE_TYPE_KERNEL,
            work -> KernelNodeAttributes.read(work.getAttributesList(), attr, valueOut))
        : CUresult.CUDA_ERROR_NOT_SUPPORTED;
  }

  @Override
  default int cuGraphKernelNodeSetAttribute(
      @Nullable CUgraphNode hNode, int attr, @Nullable CUkernelNodeAttrValue value) {
    if (JCudaFields.value(hNode) == 0 || value == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    return isKnown("cuGraphKernelNodeSetAttribute", attr)
        ? setAttributes(hNode, List.of(KernelNodeAttributes.write(attr, value)))
        : CUresult.CUDA_ERROR_NOT_SUPPORTED;
  }

  private int setAttributes(@Nullable CUgraphNode node, List<LaunchAttribute> attributes) {
    return core()
        .tell(
            Calls.REMORA_GRAPH_KERNEL_ATTRIBUTES,
            out ->
                CallWriter.remoraGraphKernelAttributes(out, JCudaFields.value(node), attributes));
  }

  @Override
  default int cuGraphKernelNodeCopyAttributes(
      @Nullable CUgraphNode dst, @Nullable CUgraphNode src) {
    if (JCudaFields.value(dst) == 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    int[] set = new int[1];
    int result =
        ask(
            src,
            CUgraphNodeType.CU_GRAPH_NODE_TYPE_KERNEL,
            work -> set[0] = setAttributes(dst, work.getAttributesList()));
    return result == CUresult.CUDA_SUCCESS ? set[0] : result;
  }
}
