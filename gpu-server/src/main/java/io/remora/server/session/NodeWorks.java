// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain.Cluster;
import io.remora.v1.CUgraphNodeType;
import io.remora.v1.CUresult;
import io.remora.v1.GraphNodeWork;
import io.remora.v1.StreamMemoryOperation;
import java.util.List;

/**
 * Makes what a node does of what a client says, with the checks that the same work has when it is
 * put on a stream. Belongs to the session's serial executor.
 */
final class NodeWorks {
  // GraphNodeWork.host_copy.
  private static final int WITHIN_DEVICE = 0;
  static final int TO_DEVICE = 1;
  static final int TO_HOST = 2;

  private final ClientSession session;
  private final LaunchCalls launches;
  private final GraphMemoryCalls memory;

  NodeWorks(ClientSession session, LaunchCalls launches, GraphMemoryCalls memory) {
    this.session = session;
    this.launches = launches;
    this.memory = memory;
  }

  /** What a client says that a node does. */
  NodeWork of(SessionCall call, GraphNodeWork said) {
    CUgraphNodeType known = CUgraphNodeType.forNumber(said.getType());
    if (known == null) {
      throw CallException.invalidValue("there are no nodes of type " + said.getType());
    }
    SessionObjects objects = session.objects();
    return switch (known) {
      case CU_GRAPH_NODE_TYPE_KERNEL ->
          launches.kernel(
              call.context().device(),
              said.getF(),
              shape(said),
              false,
              Cluster.NONE,
              said.getKernelParams().toByteArray());
      case CU_GRAPH_NODE_TYPE_MEMCPY -> copyOf(call, said);
      case CU_GRAPH_NODE_TYPE_MEMSET -> fill(call, said);
      case CU_GRAPH_NODE_TYPE_HOST -> new NodeWork.Host(said.getArgument());
      case CU_GRAPH_NODE_TYPE_GRAPH -> {
        SessionGraph child = objects.graph(said.getArgument());
        yield NodeWork.Child.of(child.steps(), child.references());
      }
      case CU_GRAPH_NODE_TYPE_EMPTY -> new NodeWork.Empty();
      case CU_GRAPH_NODE_TYPE_WAIT_EVENT ->
          new NodeWork.EventWait(objects.event(said.getArgument()), said.getArgument());
      case CU_GRAPH_NODE_TYPE_EVENT_RECORD ->
          new NodeWork.EventRecord(objects.event(said.getArgument()), said.getArgument());
      case CU_GRAPH_NODE_TYPE_MEM_FREE -> memory.release(said.getArgument());
      case CU_GRAPH_NODE_TYPE_BATCH_MEM_OP ->
          MemoryOperations.of(session, call.context().device(), said.getOperationsList());
      case CU_GRAPH_NODE_TYPE_MEM_ALLOC, CU_GRAPH_NODE_TYPE_CONDITIONAL ->
          throw CallException.invalidValue("such nodes are added by a call of their own");
      case CU_GRAPH_NODE_TYPE_EXT_SEMAS_SIGNAL, CU_GRAPH_NODE_TYPE_EXT_SEMAS_WAIT ->
          throw new CallException(
              CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "graphs have no such nodes here");
      case UNRECOGNIZED -> throw CallException.invalidValue("no such node");
    };
  }

  /** Puts memory operations on a stream. */
  void memoryOperations(SessionCall call, long handle, List<StreamMemoryOperation> said) {
    SessionStream stream = session.objects().stream(call, handle);
    NodeWork.MemoryOperations work = MemoryOperations.of(session, stream.device(), said);
    if (session.captures().takes(call, stream, work)) {
      return;
    }
    MemoryOperations.works(session, call, work).forEach(each -> session.submit(stream, each));
    call.succeed();
  }

  private static LaunchCalls.Shape shape(GraphNodeWork said) {
    return new LaunchCalls.Shape(
        said.getGridDimX(),
        said.getGridDimY(),
        said.getGridDimZ(),
        said.getBlockDimX(),
        said.getBlockDimY(),
        said.getBlockDimZ(),
        said.getSharedMemBytes());
  }

  private NodeWork copyOf(SessionCall call, GraphNodeWork said) {
    return said.getHostCopy() == WITHIN_DEVICE ? copy(call, said) : hostCopy(said);
  }

  /**
   * A copy of host memory.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE}, also if there is nothing to copy
   */
  NodeWork.HostCopy hostCopy(GraphNodeWork said) {
    boolean toDevice = said.getHostCopy() == TO_DEVICE;
    if (!toDevice && said.getHostCopy() != TO_HOST) {
      throw CallException.invalidValue("there are no copies of this kind");
    }
    long address = toDevice ? said.getDst() : said.getSrc();
    long pitch = toDevice ? said.getDstPitch() : said.getSrcPitch();
    long span = MemoryRanges.span(said.getWidthBytes(), pitch, said.getHeight());
    if (span == 0) {
      throw CallException.invalidValue("graphs copy one byte of host memory at least");
    }
    return new NodeWork.HostCopy(
        toDevice,
        said.getArgument(),
        session.memory(address, span),
        address,
        pitch,
        said.getWidthBytes(),
        said.getHeight());
  }

  private NodeWork copy(SessionCall call, GraphNodeWork rows) {
    long to =
        call.checkRows(
            rows.getDst(), rows.getDstPitch(), rows.getWidthBytes(), 1, rows.getHeight());
    long from =
        call.checkRows(
            rows.getSrc(), rows.getSrcPitch(), rows.getWidthBytes(), 1, rows.getHeight());
    if (to == 0 || from == 0) {
      return empty(rows, call);
    }
    return new NodeWork.Transfer(
        session.memory(rows.getDst(), 1), WorkKeys.ofBytes(call.number(), to), rows);
  }

  private NodeWork fill(SessionCall call, GraphNodeWork rows) {
    int unit = rows.getElementBytes();
    if (unit != 1 && unit != 2 && unit != 4 || rows.getWidthBytes() % unit != 0) {
      throw CallException.invalidValue("a fill repeats whole elements of 1, 2 or 4 bytes");
    }
    long count = rows.getWidthBytes() / unit;
    long pitch = rows.getHeight() <= 1 ? rows.getWidthBytes() : rows.getDstPitch();
    if (call.checkRows(rows.getDst(), pitch, count, unit, rows.getHeight()) == 0) {
      return empty(rows, call);
    }
    return new NodeWork.Transfer(
        session.memory(rows.getDst(), 1),
        WorkKeys.ofBytes(call.number(), rows.getWidthBytes() * rows.getHeight()),
        rows);
  }

  /** A copy or fill of nothing. */
  private static NodeWork empty(GraphNodeWork said, SessionCall call) {
    return new NodeWork.Transfer(call.context().device(), io.remora.server.queue.Work.FREE, said);
  }
}
