// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.generated.CallHandler;
import io.remora.v1.GraphNodeWork;
import io.remora.v1.LaunchAttribute;
import io.remora.v1.StreamMemoryOperation;
import io.remora.wire.Payload;
import java.util.List;
import java.util.Map;

/** The part of {@link SessionCalls} that hands calls to {@link GraphCalls} and their like. */
interface GraphHandlers extends CallHandler {
  /** Graphs. */
  GraphCalls graphs();

  /** Captures. */
  CaptureCalls captures();

  /** What nodes do. */
  NodeWorks works();

  /** What graphs keep alive in the client. */
  UserReferences references();

  @Override
  default void cuGraphRetainUserObject(
      CallContext call, long graph, long object, int count, long token) {
    references().retain(SessionCall.own(call), graph, new UserReference(object, token, count));
  }

  @Override
  default void cuGraphReleaseUserObject(CallContext call, long graph, long object, int count) {
    references().release(SessionCall.own(call), graph, object, count);
  }

  @Override
  default void cuGraphCreate(CallContext call, long phGraph, int flags) {
    graphs().create(SessionCall.own(call), phGraph);
  }

  @Override
  default void cuGraphDestroy(CallContext call, long hGraph) {
    graphs().destroy(SessionCall.own(call), hGraph);
  }

  @Override
  default void cuGraphDestroyNode(CallContext call, long hNode) {
    graphs().destroyNode(SessionCall.own(call), hNode);
  }

  @Override
  default void cuGraphClone(CallContext call, long phGraphClone, long originalGraph) {
    graphs().copy(SessionCall.own(call), phGraphClone, originalGraph);
  }

  @Override
  default void cuGraphNodeFindInClone(CallContext call, long hOriginalNode, long hClonedGraph) {
    graphs().findInClone(SessionCall.own(call), hOriginalNode, hClonedGraph);
  }

  @Override
  default void cuGraphNodeGetType(CallContext call, long hNode) {
    graphs().nodeType(SessionCall.own(call), hNode);
  }

  @Override
  default void cuGraphInstantiateWithFlags(
      CallContext call, long phGraphExec, long hGraph, long flags) {
    graphs().instantiate(SessionCall.own(call), phGraphExec, hGraph, flags);
  }

  @Override
  default void cuGraphExecDestroy(CallContext call, long hGraphExec) {
    graphs().destroyExec(SessionCall.own(call), hGraphExec);
  }

  @Override
  default void cuGraphLaunch(CallContext call, long hGraphExec, long hStream) {
    graphs().launch(SessionCall.own(call), hGraphExec, hStream);
  }

  @Override
  default void cuGraphUpload(CallContext call, long hGraphExec, long hStream) {
    graphs().upload(SessionCall.own(call), hGraphExec, hStream);
  }

  @Override
  default void cuGraphExecGetFlags(CallContext call, long hGraphExec) {
    graphs().execFlags(SessionCall.own(call), hGraphExec);
  }

  @Override
  default void cuGraphNodeSetEnabled(CallContext call, long hGraphExec, long hNode, int isEnabled) {
    graphs().setEnabled(SessionCall.own(call), hGraphExec, hNode, isEnabled != 0);
  }

  @Override
  default void cuGraphNodeGetEnabled(CallContext call, long hGraphExec, long hNode) {
    graphs().isEnabled(SessionCall.own(call), hGraphExec, hNode);
  }

  @Override
  default void cuStreamBeginCaptureV10010(
      CallContext call, long hStream, int mode, long thread, long graph) {
    captures().begin(SessionCall.own(call), hStream, mode, thread, graph);
  }

  @Override
  default void cuStreamEndCapture(CallContext call, long hStream, long thread) {
    captures().end(SessionCall.own(call), hStream, thread);
  }

  @Override
  default void cuStreamGetCaptureInfo(CallContext call, long hStream) {
    captures().info(SessionCall.own(call), hStream);
  }

  @Override
  default void cuStreamGetCaptureInfoV11030(CallContext call, long hStream) {
    captures().infoWithNodes(SessionCall.own(call), hStream);
  }

  @Override
  default void cuStreamUpdateCaptureDependencies(
      CallContext call, long hStream, long[] dependencies, int flags, int[] edgeData) {
    captures()
        .updateDependencies(
            SessionCall.own(call), hStream, graphs().behind(dependencies, edgeData), flags);
  }

  @Override
  default void remoraGraphQuery(CallContext call, int what, long object) {
    graphs().queries().query(SessionCall.own(call), what, object);
  }

  @Override
  default void remoraGraphChangeEdges(
      CallContext call, long graph, long[] from, long[] to, boolean remove, int[] edgeData) {
    graphs().changeEdges(SessionCall.own(call), graph, from, to, remove, edgeData);
  }

  @Override
  default void remoraGraphKernelNode(CallContext call, long node) {
    graphs().kernelNode(SessionCall.own(call), node);
  }

  @Override
  default void remoraGraphExecUpdate(CallContext call, long exec, long graph) {
    graphs().update(SessionCall.own(call), exec, graph);
  }

  @Override
  default void remoraGraphDot(CallContext call, long graph, int flags) {
    graphs().queries().dot(SessionCall.own(call), graph);
  }

  @Override
  default void remoraGraphAddNode(
      CallContext call,
      long node,
      long graph,
      long[] dependencies,
      GraphNodeWork work,
      int[] edgeData) {
    Map<GraphNode, EdgeData> before = graphs().behind(dependencies, edgeData);
    if (work.getOwnership() != 0) {
      graphs().moveIn(SessionCall.own(call), node, graph, before, work.getArgument());
    } else {
      graphs()
          .addNode(
              SessionCall.own(call), node, graph, before, works().of(SessionCall.own(call), work));
    }
  }

  @Override
  default void remoraGraphSetNode(CallContext call, long exec, long node, GraphNodeWork work) {
    graphs().setNode(SessionCall.own(call), exec, node, works().of(SessionCall.own(call), work));
  }

  /** Memory that nodes allocate. */
  GraphMemoryCalls graphMemory();

  @Override
  default void remoraGraphAddAllocation(
      CallContext call,
      long node,
      long graph,
      long[] dependencies,
      int allocType,
      int handleTypes,
      int locationType,
      int locationId,
      long byteCount,
      int[] edgeData) {
    var properties =
        new GraphMemoryCalls.Properties(allocType, handleTypes, locationType, locationId);
    graphMemory()
        .addNode(
            SessionCall.own(call),
            node,
            graph,
            graphs().behind(dependencies, edgeData),
            properties,
            byteCount);
  }

  @Override
  default void remoraGraphMemoryNode(CallContext call, long node, int type) {
    graphMemory().parameters(SessionCall.own(call), node, type);
  }

  @Override
  default void cuDeviceGetGraphMemAttribute(CallContext call, int device, int attr) {
    graphMemory().getAttribute(SessionCall.own(call), device, attr);
  }

  @Override
  default void cuDeviceSetGraphMemAttribute(CallContext call, int device, int attr, long value) {
    graphMemory().setAttribute(SessionCall.own(call), device, attr, value);
  }

  /** Copies of host memory that launches make. */
  GraphTransfers transfers();

  @Override
  default void remoraCaptureHostCopy(
      CallContext call,
      long hStream,
      long address,
      long byteCount,
      int hostCopy,
      long argument,
      long pitch,
      long height) {
    GraphNodeWork said =
        GraphNodeWork.newBuilder()
            .setHostCopy(hostCopy)
            .setDst(address)
            .setDstPitch(pitch)
            .setSrc(address)
            .setSrcPitch(pitch)
            .setWidthBytes(byteCount)
            .setHeight(height == 0 ? 1 : height)
            .setArgument(argument)
            .build();
    captures().hostCopy(SessionCall.own(call), hStream, works().hostCopy(said));
  }

  /** Conditions of graphs. */
  GraphConditions conditions();

  @Override
  default void remoraGraphCondition(
      CallContext call, long graph, long address, int value, int flags) {
    conditions().condition(SessionCall.own(call), graph, address, value, flags);
  }

  @Override
  default void remoraGraphAddCondition(
      CallContext call,
      long node,
      long graph,
      long[] dependencies,
      long address,
      int type,
      int size,
      int[] edgeData) {
    conditions()
        .addNode(
            SessionCall.own(call),
            node,
            graph,
            graphs().behind(dependencies, edgeData),
            address,
            type,
            size);
  }

  @Override
  default void remoraCaptureToGraph(
      CallContext call,
      long hStream,
      long graph,
      long[] dependencies,
      int mode,
      long thread,
      int[] edgeData) {
    captures()
        .beginInto(
            SessionCall.own(call),
            hStream,
            mode,
            thread,
            graph,
            graphs().behind(dependencies, edgeData));
  }

  @Override
  default void remoraGraphNode(CallContext call, long node, int type) {
    graphs().nodeParameters(SessionCall.own(call), node, type);
  }

  @Override
  default void remoraGraphKernelAttributes(
      CallContext call, long node, List<LaunchAttribute> attributes) {
    graphs().setAttributes(SessionCall.own(call), node, attributes);
  }

  @Override
  default void remoraStreamMemoryOperations(
      CallContext call, long hStream, List<StreamMemoryOperation> operations) {
    works().memoryOperations(SessionCall.own(call), hStream, operations);
  }

  @Override
  default void remoraGraphInput(
      CallContext call, long exec, long argument, Payload srcHost, long chunkOffset) {
    transfers().input(SessionCall.own(call), exec, argument, srcHost, chunkOffset);
  }

  @Override
  default void remoraGraphOutput(CallContext call, long exec, long argument) {
    transfers().output(SessionCall.own(call), exec, argument);
  }
}
