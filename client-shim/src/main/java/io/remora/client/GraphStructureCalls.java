// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.client.generated.Outputs;
import io.remora.wire.WireWriter;
import java.util.function.Consumer;
import jcuda.Pointer;
import jcuda.driver.CUDA_KERNEL_NODE_PARAMS;
import jcuda.driver.CUfunction;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUgraphExecUpdateResult;
import jcuda.driver.CUgraphNode;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.jspecify.annotations.Nullable;

/** The structure of graphs, what is made of them, and capturing. */
interface GraphStructureCalls extends TableCalls {
  // What RemoraGraphQuery asks.
  int NODES = 0;
  int ROOTS = 1;
  int EDGES = 2;
  int DEPENDENCIES = 3;
  int DEPENDENTS = 4;

  private int call(int number, Consumer<WireWriter> arguments) {
    return core().ask(number, arguments);
  }

  @Override
  default int cuGraphGetNodes(
      @Nullable CUgraph hGraph, CUgraphNode @Nullable [] nodes, long @Nullable [] numNodes) {
    return query(NODES, JCudaFields.value(hGraph), nodes, null, numNodes);
  }

  @Override
  default int cuGraphGetRootNodes(
      @Nullable CUgraph hGraph,
      CUgraphNode @Nullable [] rootNodes,
      long @Nullable [] numRootNodes) {
    return query(ROOTS, JCudaFields.value(hGraph), rootNodes, null, numRootNodes);
  }

  @Override
  default int cuGraphGetEdges(
      @Nullable CUgraph hGraph,
      CUgraphNode @Nullable [] from,
      CUgraphNode @Nullable [] to,
      long @Nullable [] numEdges) {
    return query(EDGES, JCudaFields.value(hGraph), from, to, numEdges);
  }

  @Override
  default int cuGraphNodeGetDependencies(
      @Nullable CUgraphNode hNode,
      CUgraphNode @Nullable [] dependencies,
      long @Nullable [] numDependencies) {
    return query(DEPENDENCIES, JCudaFields.value(hNode), dependencies, null, numDependencies);
  }

  @Override
  default int cuGraphNodeGetDependentNodes(
      @Nullable CUgraphNode hNode,
      CUgraphNode @Nullable [] dependentNodes,
      long @Nullable [] numDependentNodes) {
    return query(DEPENDENTS, JCudaFields.value(hNode), dependentNodes, null, numDependentNodes);
  }

  /** As CUDA: without arrays only the number; else as many as fit, and nulls beyond. */
  private int query(
      int what,
      long object,
      CUgraphNode @Nullable [] first,
      CUgraphNode @Nullable [] second,
      long @Nullable [] count) {
    if (count == null || count.length == 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    int result =
        call(Calls.REMORA_GRAPH_QUERY, out -> CallWriter.remoraGraphQuery(out, what, object));
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    Outputs.RemoraGraphQuery found = Outputs.remoraGraphQuery(core().outputs(core().thread()));
    long room = first == null ? 0 : Math.min(first.length, count[0]);
    give(found.first(), first, room);
    give(found.second(), second, room);
    count[0] = first == null ? found.first().length : Math.min(room, found.first().length);
    return result;
  }

  private static void give(long[] handles, CUgraphNode @Nullable [] into, long room) {
    for (int i = 0; into != null && i < Math.min(room, into.length); i++) {
      if (into[i] == null) {
        into[i] = new CUgraphNode();
      }
      JCudaFields.setValue(into[i], i < handles.length ? handles[i] : 0);
    }
  }

  @Override
  default int cuGraphAddDependencies(
      @Nullable CUgraph hGraph,
      CUgraphNode @Nullable [] from,
      CUgraphNode @Nullable [] to,
      long numDependencies) {
    return changeEdges(hGraph, from, to, numDependencies, false);
  }

  @Override
  default int cuGraphRemoveDependencies(
      @Nullable CUgraph hGraph,
      CUgraphNode @Nullable [] from,
      CUgraphNode @Nullable [] to,
      long numDependencies) {
    return changeEdges(hGraph, from, to, numDependencies, true);
  }

  private int changeEdges(
      @Nullable CUgraph graph,
      CUgraphNode @Nullable [] from,
      CUgraphNode @Nullable [] to,
      long count,
      boolean remove) {
    long[] begins = GraphNodeSpec.handles(from, count);
    long[] ends = GraphNodeSpec.handles(to, count);
    ThreadState thread = core().thread();
    int refused = core().refusal(thread);
    if (begins == null || ends == null || refused != CUresult.CUDA_SUCCESS) {
      return begins == null || ends == null ? CUresult.CUDA_ERROR_INVALID_VALUE : refused;
    }
    WireWriter out = core().begin(Calls.REMORA_GRAPH_CHANGE_EDGES, thread);
    try {
      CallWriter.remoraGraphChangeEdges(
          out, JCudaFields.value(graph), begins, ends, remove, GraphCalls.NO_EDGE_DATA);
      return core().endAsync();
    } finally {
      core().release();
    }
  }

  @Override
  default int cuGraphKernelNodeGetParams(
      @Nullable CUgraphNode hNode, @Nullable CUDA_KERNEL_NODE_PARAMS nodeParams) {
    if (nodeParams == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    int result =
        call(
            Calls.REMORA_GRAPH_KERNEL_NODE,
            out -> CallWriter.remoraGraphKernelNode(out, JCudaFields.value(hNode)));
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    Outputs.RemoraGraphKernelNode found =
        Outputs.remoraGraphKernelNode(core().outputs(core().thread()));
    nodeParams.func = new CUfunction();
    JCudaFields.setValue(nodeParams.func, found.f());
    nodeParams.gridDimX = found.gridDimX();
    nodeParams.gridDimY = found.gridDimY();
    nodeParams.gridDimZ = found.gridDimZ();
    nodeParams.blockDimX = found.blockDimX();
    nodeParams.blockDimY = found.blockDimY();
    nodeParams.blockDimZ = found.blockDimZ();
    nodeParams.sharedMemBytes = found.sharedMemBytes();
    Function function = core().functions().get(found.f());
    nodeParams.kernelParams =
        function == null ? null : KernelParameters.pointers(function, found.kernelParams());
    nodeParams.extra = null;
    return result;
  }

  @Override
  default int cuGraphInstantiate(
      @Nullable CUgraphExec phGraphExec, @Nullable CUgraph hGraph, long flags) {
    if (phGraphExec == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    long handle = core().newHandleNear(JCudaFields.value(hGraph));
    int result =
        call(
            Calls.CU_GRAPH_INSTANTIATE_WITH_FLAGS,
            out ->
                CallWriter.cuGraphInstantiateWithFlags(
                    out, handle, JCudaFields.value(hGraph), flags));
    if (result == CUresult.CUDA_SUCCESS) {
      JCudaFields.setValue(phGraphExec, handle);
      result = core().hostCopies().learn(core(), core().thread(), handle);
    }
    return result;
  }

  @Override
  default int cuGraphExecDestroy(@Nullable CUgraphExec hGraphExec) {
    core().hostCopies().forget(JCudaFields.value(hGraphExec));
    return TableCalls.super.cuGraphExecDestroy(hGraphExec);
  }

  /** Memory that the graph copies is read now, and written before a later call has waited. */
  @Override
  default int cuGraphLaunch(@Nullable CUgraphExec hGraphExec, @Nullable CUstream hStream) {
    long exec = JCudaFields.value(hGraphExec);
    HostCopies copies = core().hostCopies();
    if (!copies.has(exec)) {
      return TableCalls.super.cuGraphLaunch(hGraphExec, hStream);
    }
    synchronized (copies) { // What is sent before a launch must not get before another's.
      int result = copies.transfer(core(), exec);
      return result == CUresult.CUDA_SUCCESS
          ? TableCalls.super.cuGraphLaunch(hGraphExec, hStream)
          : result;
    }
  }

  @Override
  default int cuGraphExecUpdate(
      @Nullable CUgraphExec hGraphExec,
      @Nullable CUgraph hGraph,
      @Nullable CUgraphNode hErrorNodeOut,
      int @Nullable [] updateResultOut) {
    int result =
        call(
            Calls.REMORA_GRAPH_EXEC_UPDATE,
            out ->
                CallWriter.remoraGraphExecUpdate(
                    out, JCudaFields.value(hGraphExec), JCudaFields.value(hGraph)));
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    Outputs.RemoraGraphExecUpdate update =
        Outputs.remoraGraphExecUpdate(core().outputs(core().thread()));
    if (hErrorNodeOut != null) {
      JCudaFields.setValue(hErrorNodeOut, update.errorNode());
    }
    if (updateResultOut != null && updateResultOut.length > 0) {
      updateResultOut[0] = update.result();
    }
    return update.result() == CUgraphExecUpdateResult.CU_GRAPH_EXEC_UPDATE_SUCCESS
        ? core().hostCopies().learn(core(), core().thread(), JCudaFields.value(hGraphExec))
        : CUresult.CUDA_ERROR_GRAPH_EXEC_UPDATE_FAILURE;
  }

  @Override
  default int cuStreamBeginCapture(@Nullable CUstream hStream, int mode) {
    long stream = core().stream(core().thread(), hStream);
    long graph = core().newHandleNear(core().nearStream(core().thread(), stream));
    int result =
        call(
            Calls.CU_STREAM_BEGIN_CAPTURE_V10010,
            out ->
                CallWriter.cuStreamBeginCaptureV10010(
                    out, stream, mode, Thread.currentThread().getId(), graph));
    if (result == CUresult.CUDA_SUCCESS) {
      core().captures().incrementAndGet();
    }
    return result;
  }

  @Override
  default int cuStreamEndCapture(@Nullable CUstream hStream, @Nullable CUgraph phGraph) {
    if (phGraph == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    long stream = core().stream(core().thread(), hStream);
    int result =
        call(
            Calls.CU_STREAM_END_CAPTURE,
            out -> CallWriter.cuStreamEndCapture(out, stream, Thread.currentThread().getId()));
    switch (result) {
      case CUresult.CUDA_SUCCESS -> {
        core().captures().decrementAndGet();
        JCudaFields.setValue(phGraph, Outputs.cuStreamEndCapture(core().outputs(core().thread())));
      }
      case CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED,
          CUresult.CUDA_ERROR_STREAM_CAPTURE_UNJOINED -> {
        core().captures().decrementAndGet();
        JCudaFields.setValue(phGraph, 0);
      }
      default -> {}
    }
    return result;
  }

  /**
   * Captures a copy of the program's memory if the stream is capturing.
   *
   * @return -1 if it isn't, else the copy's result
   */
  default int captureHostCopy(
      @Nullable CUstream hStream,
      @Nullable Pointer host,
      @Nullable HostSpan span,
      boolean toDevice,
      long address) {
    int[] status = new int[1];
    if (core().captures().get() == 0
        || cuStreamGetCaptureInfo(hStream, status, null) != CUresult.CUDA_SUCCESS
        || status[0] == 0) {
      return -1;
    }
    if (host == null || span == null || span.bytes() == 0) {
      return span == null ? CUresult.CUDA_ERROR_INVALID_VALUE : CUresult.CUDA_SUCCESS;
    }
    ThreadState thread = core().thread();
    long stream = core().stream(thread, hStream);
    long number = core().hostCopies().register(host, span);
    WireWriter out = core().begin(Calls.REMORA_CAPTURE_HOST_COPY, thread);
    try {
      CallWriter.remoraCaptureHostCopy(
          out,
          stream,
          address,
          span.bytes(),
          toDevice ? HostCopies.TO_DEVICE : HostCopies.TO_HOST,
          number,
          span.bytes(),
          1);
      return core().endAsync();
    } finally {
      core().release();
    }
  }

  @Override
  default int cuStreamIsCapturing(@Nullable CUstream hStream, int @Nullable [] captureStatus) {
    long handle = JCudaFields.value(hStream);
    boolean known =
        handle >= 0 && handle <= StreamCalls.DEFAULT_STREAMS
            || core().streams().containsKey(handle);
    if (!known || captureStatus == null) {
      return known ? CUresult.CUDA_ERROR_INVALID_VALUE : CUresult.CUDA_ERROR_INVALID_HANDLE;
    }
    if (core().captures().get() == 0) {
      return DeviceCalls.DeviceValues.give(core(), captureStatus, 0);
    }
    return cuStreamGetCaptureInfo(hStream, captureStatus, null);
  }

  @Override
  default int cuStreamGetCaptureInfo(
      @Nullable CUstream hStream, int @Nullable [] captureStatus, long @Nullable [] id) {
    if (captureStatus == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    long stream = core().stream(core().thread(), hStream);
    int result =
        call(
            Calls.CU_STREAM_GET_CAPTURE_INFO,
            out -> CallWriter.cuStreamGetCaptureInfo(out, stream));
    if (result == CUresult.CUDA_SUCCESS) {
      Outputs.CuStreamGetCaptureInfo info =
          Outputs.cuStreamGetCaptureInfo(core().outputs(core().thread()));
      captureStatus[0] = info.captureStatusOut();
      if (id != null) {
        id[0] = info.idOut();
      }
    }
    return result;
  }

  @Override
  default int cuThreadExchangeStreamCaptureMode(int @Nullable [] mode) {
    if (mode == null || mode.length == 0 || mode[0] < 0 || mode[0] > 2) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    mode[0] = core().thread().exchangeCaptureMode(mode[0]);
    return core().local(CUresult.CUDA_SUCCESS);
  }
}
