// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.wire.WireWriter;
import jcuda.driver.CUDA_HOST_NODE_PARAMS;
import jcuda.driver.CUDA_KERNEL_NODE_PARAMS;
import jcuda.driver.CUDA_MEMCPY3D;
import jcuda.driver.CUDA_MEMSET_NODE_PARAMS;
import jcuda.driver.CUcontext;
import jcuda.driver.CUevent;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUgraphNode;
import jcuda.driver.CUgraphNodeType;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/** Nodes of graphs: adding them and giving them parameters. None of it waits. */
interface GraphCalls extends TableCalls {
  /** All edges that JCuda can make have none. */
  int[] NO_EDGE_DATA = {};

  @Override
  default int cuGraphAddKernelNode(
      @Nullable CUgraphNode phGraphNode,
      @Nullable CUgraph hGraph,
      CUgraphNode @Nullable [] dependencies,
      long numDependencies,
      @Nullable CUDA_KERNEL_NODE_PARAMS nodeParams) {
    return add(phGraphNode, hGraph, dependencies, numDependencies, kernel(nodeParams));
  }

  @Override
  default int cuGraphKernelNodeSetParams(
      @Nullable CUgraphNode hNode, @Nullable CUDA_KERNEL_NODE_PARAMS nodeParams) {
    return set(0, hNode, kernel(nodeParams));
  }

  @Override
  default int cuGraphExecKernelNodeSetParams(
      @Nullable CUgraphExec hGraphExec,
      @Nullable CUgraphNode hNode,
      @Nullable CUDA_KERNEL_NODE_PARAMS nodeParams) {
    return setExec(hGraphExec, hNode, kernel(nodeParams));
  }

  private @Nullable GraphNodeSpec kernel(@Nullable CUDA_KERNEL_NODE_PARAMS given) {
    return given == null ? null : GraphNodeSpec.kernel(core(), core().thread(), given);
  }

  @Override
  default int cuGraphAddMemcpyNode(
      @Nullable CUgraphNode phGraphNode,
      @Nullable CUgraph hGraph,
      CUgraphNode @Nullable [] dependencies,
      long numDependencies,
      @Nullable CUDA_MEMCPY3D copyParams,
      @Nullable CUcontext ctx) {
    GraphNodeSpec spec = copyParams == null ? null : GraphNodeSpec.copy(core(), copyParams);
    return copyParams != null && spec == null
        ? notSupported()
        : add(phGraphNode, hGraph, dependencies, numDependencies, spec);
  }

  @Override
  default int cuGraphMemcpyNodeSetParams(
      @Nullable CUgraphNode hNode, @Nullable CUDA_MEMCPY3D nodeParams) {
    GraphNodeSpec spec = nodeParams == null ? null : GraphNodeSpec.copy(core(), nodeParams);
    return nodeParams != null && spec == null ? notSupported() : set(0, hNode, spec);
  }

  @Override
  default int cuGraphExecMemcpyNodeSetParams(
      @Nullable CUgraphExec hGraphExec,
      @Nullable CUgraphNode hNode,
      @Nullable CUDA_MEMCPY3D copyParams,
      @Nullable CUcontext ctx) {
    GraphNodeSpec spec = copyParams == null ? null : GraphNodeSpec.copy(core(), copyParams);
    return copyParams != null && spec == null ? notSupported() : setExec(hGraphExec, hNode, spec);
  }

  private int notSupported() {
    core()
        .thread()
        .explain(
            "cuGraphAddMemcpyNode",
            "graphs copy rows within a device or bytes between device and host");
    return CUresult.CUDA_ERROR_NOT_SUPPORTED;
  }

  @Override
  default int cuGraphAddMemsetNode(
      @Nullable CUgraphNode phGraphNode,
      @Nullable CUgraph hGraph,
      CUgraphNode @Nullable [] dependencies,
      long numDependencies,
      @Nullable CUDA_MEMSET_NODE_PARAMS memsetParams,
      @Nullable CUcontext ctx) {
    return add(phGraphNode, hGraph, dependencies, numDependencies, fill(memsetParams));
  }

  @Override
  default int cuGraphMemsetNodeSetParams(
      @Nullable CUgraphNode hNode, @Nullable CUDA_MEMSET_NODE_PARAMS nodeParams) {
    return set(0, hNode, fill(nodeParams));
  }

  @Override
  default int cuGraphExecMemsetNodeSetParams(
      @Nullable CUgraphExec hGraphExec,
      @Nullable CUgraphNode hNode,
      @Nullable CUDA_MEMSET_NODE_PARAMS memsetParams,
      @Nullable CUcontext ctx) {
    return setExec(hGraphExec, hNode, fill(memsetParams));
  }

  private static @Nullable GraphNodeSpec fill(@Nullable CUDA_MEMSET_NODE_PARAMS given) {
    return given == null ? null : GraphNodeSpec.fill(given);
  }

  @Override
  default int cuGraphAddHostNode(
      @Nullable CUgraphNode phGraphNode,
      @Nullable CUgraph hGraph,
      CUgraphNode @Nullable [] dependencies,
      long numDependencies,
      @Nullable CUDA_HOST_NODE_PARAMS nodeParams) {
    return add(phGraphNode, hGraph, dependencies, numDependencies, host(nodeParams));
  }

  @Override
  default int cuGraphHostNodeSetParams(
      @Nullable CUgraphNode hNode, @Nullable CUDA_HOST_NODE_PARAMS nodeParams) {
    return set(0, hNode, host(nodeParams));
  }

  @Override
  default int cuGraphExecHostNodeSetParams(
      @Nullable CUgraphExec hGraphExec,
      @Nullable CUgraphNode hNode,
      @Nullable CUDA_HOST_NODE_PARAMS nodeParams) {
    return setExec(hGraphExec, hNode, host(nodeParams));
  }

  /** The function stays registered for the life of the session: any launch may ask for it. */
  private @Nullable GraphNodeSpec host(@Nullable CUDA_HOST_NODE_PARAMS given) {
    if (given == null || given.fn == null) {
      return null;
    }
    HostFunction function = new HostFunction(given.fn, given.userData);
    long token = core().hostFunctions().register(function);
    return GraphNodeSpec.of(CUgraphNodeType.CU_GRAPH_NODE_TYPE_HOST, token);
  }

  @Override
  default int cuGraphAddChildGraphNode(
      @Nullable CUgraphNode phGraphNode,
      @Nullable CUgraph hGraph,
      CUgraphNode @Nullable [] dependencies,
      long numDependencies,
      @Nullable CUgraph childGraph) {
    return add(phGraphNode, hGraph, dependencies, numDependencies, child(childGraph));
  }

  @Override
  default int cuGraphExecChildGraphNodeSetParams(
      @Nullable CUgraphExec hGraphExec, @Nullable CUgraphNode hNode, @Nullable CUgraph childGraph) {
    return setExec(hGraphExec, hNode, child(childGraph));
  }

  private static @Nullable GraphNodeSpec child(@Nullable CUgraph graph) {
    return graph == null
        ? null
        : GraphNodeSpec.of(CUgraphNodeType.CU_GRAPH_NODE_TYPE_GRAPH, JCudaFields.value(graph));
  }

  @Override
  default int cuGraphAddEmptyNode(
      @Nullable CUgraphNode phGraphNode,
      @Nullable CUgraph hGraph,
      CUgraphNode @Nullable [] dependencies,
      long numDependencies) {
    return add(
        phGraphNode,
        hGraph,
        dependencies,
        numDependencies,
        GraphNodeSpec.of(CUgraphNodeType.CU_GRAPH_NODE_TYPE_EMPTY, 0));
  }

  @Override
  default int cuGraphAddEventRecordNode(
      @Nullable CUgraphNode phGraphNode,
      @Nullable CUgraph hGraph,
      CUgraphNode @Nullable [] dependencies,
      long numDependencies,
      @Nullable CUevent event) {
    return add(phGraphNode, hGraph, dependencies, numDependencies, record(event));
  }

  @Override
  default int cuGraphEventRecordNodeSetEvent(@Nullable CUgraphNode hNode, @Nullable CUevent event) {
    return set(0, hNode, record(event));
  }

  @Override
  default int cuGraphExecEventRecordNodeSetEvent(
      @Nullable CUgraphExec hGraphExec, @Nullable CUgraphNode hNode, @Nullable CUevent event) {
    return setExec(hGraphExec, hNode, record(event));
  }

  @Override
  default int cuGraphAddEventWaitNode(
      @Nullable CUgraphNode phGraphNode,
      @Nullable CUgraph hGraph,
      CUgraphNode @Nullable [] dependencies,
      long numDependencies,
      @Nullable CUevent event) {
    return add(phGraphNode, hGraph, dependencies, numDependencies, waitFor(event));
  }

  @Override
  default int cuGraphEventWaitNodeSetEvent(@Nullable CUgraphNode hNode, @Nullable CUevent event) {
    return set(0, hNode, waitFor(event));
  }

  @Override
  default int cuGraphExecEventWaitNodeSetEvent(
      @Nullable CUgraphExec hGraphExec, @Nullable CUgraphNode hNode, @Nullable CUevent event) {
    return setExec(hGraphExec, hNode, waitFor(event));
  }

  private static GraphNodeSpec record(@Nullable CUevent event) {
    return GraphNodeSpec.of(
        CUgraphNodeType.CU_GRAPH_NODE_TYPE_EVENT_RECORD, JCudaFields.value(event));
  }

  private static GraphNodeSpec waitFor(@Nullable CUevent event) {
    return GraphNodeSpec.of(
        CUgraphNodeType.CU_GRAPH_NODE_TYPE_WAIT_EVENT, JCudaFields.value(event));
  }

  private int add(
      @Nullable CUgraphNode node,
      @Nullable CUgraph graph,
      CUgraphNode @Nullable [] dependencies,
      long count,
      @Nullable GraphNodeSpec spec) {
    long[] before = GraphNodeSpec.handles(dependencies, count);
    if (node == null || before == null || spec == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    ClientCore core = core();
    ThreadState thread = core.thread();
    int result = core.refusal(thread);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    long handle = core.newHandleNear(JCudaFields.value(graph));
    WireWriter out = core.begin(Calls.REMORA_GRAPH_ADD_NODE, thread);
    try {
      CallWriter.remoraGraphAddNode(
          out, handle, JCudaFields.value(graph), before, spec.work(), NO_EDGE_DATA);
      result = core.endAsync();
    } finally {
      core.release();
    }
    if (result == CUresult.CUDA_SUCCESS) {
      JCudaFields.setValue(node, handle);
    }
    return result;
  }

  private int setExec(
      @Nullable CUgraphExec exec, @Nullable CUgraphNode node, @Nullable GraphNodeSpec spec) {
    long handle = JCudaFields.value(exec);
    if (handle == 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    int result = set(handle, node, spec);
    // The node may copy other memory of the program now.
    return result == CUresult.CUDA_SUCCESS && spec != null && spec.copies()
        ? core().hostCopies().learn(core(), core().thread(), handle)
        : result;
  }

  private int set(long exec, @Nullable CUgraphNode node, @Nullable GraphNodeSpec spec) {
    if (node == null || spec == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    ThreadState thread = core().thread();
    int result = core().refusal(thread);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    WireWriter out = core().begin(Calls.REMORA_GRAPH_SET_NODE, thread);
    try {
      CallWriter.remoraGraphSetNode(out, exec, JCudaFields.value(node), spec.work());
      return core().endAsync();
    } finally {
      core().release();
    }
  }
}
