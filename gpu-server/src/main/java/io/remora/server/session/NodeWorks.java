// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUgraphNodeType;
import io.remora.v1.CUresult;

/**
 * Makes what a node does of what a client says, with the checks that the same work has when it is
 * put on a stream. Belongs to the session's serial executor.
 */
final class NodeWorks {
  private static final int MEMCPY = CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMCPY_VALUE;
  private static final int MEMSET = CUgraphNodeType.CU_GRAPH_NODE_TYPE_MEMSET_VALUE;

  /** {@code RemoraGraphAddNode.host_copy}. */
  static final int TO_DEVICE = 1;

  private final ClientSession session;
  private final LaunchCalls launches;

  NodeWorks(ClientSession session, LaunchCalls launches) {
    this.session = session;
    this.launches = launches;
  }

  /** Rows of a copy or fill. */
  record Rows(
      long destination,
      long destinationPitch,
      long source,
      long sourcePitch,
      long widthBytes,
      long height,
      int value,
      int elementBytes) {}

  /**
   * @param type {@code CUgraphNodeType}
   * @param argument token, event or graph
   */
  NodeWork of(
      SessionCall call,
      int type,
      long function,
      LaunchCalls.Shape shape,
      byte[] parameters,
      Rows rows,
      long argument,
      int hostCopy) {
    CUgraphNodeType known = CUgraphNodeType.forNumber(type);
    if (known == null) {
      throw CallException.invalidValue("there are no nodes of type " + type);
    }
    SessionObjects objects = session.objects();
    return switch (known) {
      case CU_GRAPH_NODE_TYPE_KERNEL ->
          launches.kernel(call.context().device(), function, shape, false, parameters);
      case CU_GRAPH_NODE_TYPE_MEMCPY ->
          hostCopy == 0
              ? copy(call, rows)
              : hostCopy(
                  hostCopy == TO_DEVICE,
                  argument,
                  hostCopy == TO_DEVICE ? rows.destination() : rows.source(),
                  rows.height() == 1 ? rows.widthBytes() : 0);
      case CU_GRAPH_NODE_TYPE_MEMSET -> fill(call, rows);
      case CU_GRAPH_NODE_TYPE_HOST -> new NodeWork.Host(argument);
      case CU_GRAPH_NODE_TYPE_GRAPH -> NodeWork.Child.of(objects.graph(argument).steps());
      case CU_GRAPH_NODE_TYPE_EMPTY -> new NodeWork.Empty();
      case CU_GRAPH_NODE_TYPE_WAIT_EVENT -> new NodeWork.EventWait(objects.event(argument));
      case CU_GRAPH_NODE_TYPE_EVENT_RECORD -> new NodeWork.EventRecord(objects.event(argument));
      case UNRECOGNIZED -> throw CallException.invalidValue("no such node");
    };
  }

  /** A copy of host memory, or {@code CUDA_ERROR_INVALID_VALUE}. */
  NodeWork.HostCopy hostCopy(boolean toDevice, long number, long address, long bytes) {
    if (bytes <= 0) {
      throw CallException.invalidValue("graphs copy one row of host memory, of one byte at least");
    }
    return new NodeWork.HostCopy(toDevice, number, session.memory(address, bytes), address, bytes);
  }

  private NodeWork copy(SessionCall call, Rows rows) {
    long to =
        call.checkRows(
            rows.destination(), rows.destinationPitch(), rows.widthBytes(), 1, rows.height());
    long from =
        call.checkRows(rows.source(), rows.sourcePitch(), rows.widthBytes(), 1, rows.height());
    if (to == 0 || from == 0) {
      return empty(MEMCPY, call);
    }
    return new NodeWork.Transfer(
        MEMCPY,
        session.memory(rows.destination(), 1),
        WorkKeys.ofBytes(call.number(), to),
        (domain, stream, observer) ->
            domain.remoraCopyRowsOnDevice(
                rows.destination(),
                rows.destinationPitch(),
                rows.source(),
                rows.sourcePitch(),
                rows.widthBytes(),
                rows.height(),
                stream,
                observer));
  }

  private NodeWork fill(SessionCall call, Rows rows) {
    int unit = rows.elementBytes();
    if (unit != 1 && unit != 2 && unit != 4 || rows.widthBytes() % unit != 0) {
      throw CallException.invalidValue("a fill repeats whole elements of 1, 2 or 4 bytes");
    }
    long count = rows.widthBytes() / unit;
    long pitch = rows.height() <= 1 ? rows.widthBytes() : rows.destinationPitch();
    if (call.checkRows(rows.destination(), pitch, count, unit, rows.height()) == 0) {
      return empty(MEMSET, call);
    }
    return new NodeWork.Transfer(
        MEMSET,
        session.memory(rows.destination(), 1),
        WorkKeys.ofBytes(call.number(), rows.widthBytes() * rows.height()),
        (domain, stream, observer) -> fill(domain, stream, rows, pitch, count, observer));
  }

  private static void fill(
      Domain domain, long stream, Rows rows, long pitch, long count, WorkObserver observer) {
    long at = rows.destination();
    long height = rows.height();
    switch (rows.elementBytes()) {
      case 1 ->
          domain.cuMemsetD2D8Async(at, pitch, rows.value() & 0xff, count, height, stream, observer);
      case 2 ->
          domain.cuMemsetD2D16Async(
              at, pitch, rows.value() & 0xffff, count, height, stream, observer);
      default ->
          domain.cuMemsetD2D32Async(at, pitch, rows.value(), count, height, stream, observer);
    }
  }

  /** A copy or fill of nothing. */
  private static NodeWork empty(int type, SessionCall call) {
    return new NodeWork.Transfer(
        type,
        call.context().device(),
        io.remora.server.queue.Work.FREE,
        (domain, stream, observer) -> observer.onDone(CUresult.CUDA_SUCCESS_VALUE, 0));
  }
}
