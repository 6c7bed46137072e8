// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.generated.Answers;
import io.remora.v1.CUresult;
import io.remora.v1.CUstreamCaptureMode;
import java.util.Map;

/** Beginning, ending and looking at captures. Belongs to the session's serial executor. */
final class CaptureCalls {
  private static final int RELAXED = CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED_VALUE;

  // CUstreamCaptureStatus.
  private static final int NONE = 0;
  private static final int ACTIVE = 1;
  private static final int INVALIDATED = 2;

  /** {@code CU_STREAM_SET_CAPTURE_DEPENDENCIES}. */
  private static final int SET = 1;

  private static final long[] NO_NODES = {};
  private static final int[] NO_DATA = {};

  private final ClientSession session;
  private final GraphCalls graphs;

  CaptureCalls(ClientSession session, GraphCalls graphs) {
    this.session = session;
    this.graphs = graphs;
  }

  void begin(SessionCall call, long streamHandle, int mode, long thread, long graphHandle) {
    SessionStream stream = capturable(call, streamHandle);
    SessionGraph graph = graphs.newGraph(graphHandle);
    Capture unused = session.captures().begin(stream, graph, thread, mode == RELAXED);
    call.succeed();
  }

  private SessionStream capturable(SessionCall call, long streamHandle) {
    SessionStream stream = session.objects().stream(call, streamHandle);
    if (stream == stream.context().legacy()) {
      throw new CallException(
          CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED_VALUE,
          "the legacy stream can't be captured");
    }
    if (stream.capture() != null) {
      throw illegalState("the stream is capturing already");
    }
    return stream;
  }

  /** As {@link #begin}, into a graph that is there, behind some of its nodes. */
  void beginInto(
      SessionCall call,
      long streamHandle,
      int mode,
      long thread,
      long graphHandle,
      Map<GraphNode, EdgeData> behind) {
    SessionStream stream = capturable(call, streamHandle);
    SessionGraph graph = session.objects().graph(graphHandle);
    checkNodes(graph, behind);
    Capture capture = session.captures().begin(stream, graph, thread, mode == RELAXED);
    capture.setIntoOlder();
    capture.join(stream, behind);
    call.succeed();
  }

  private static void checkNodes(SessionGraph graph, Map<GraphNode, EdgeData> nodes) {
    if (!nodes.keySet().stream().allMatch(node -> node.graph() == graph)) {
      throw CallException.invalidValue("a node isn't of the graph that is being captured");
    }
  }

  void end(SessionCall call, long streamHandle, long thread) {
    SessionStream stream = session.objects().stream(call, streamHandle);
    Capture.OfStream part = stream.capture();
    if (part == null) {
      throw illegalState("the stream isn't capturing");
    }
    Capture capture = part.capture();
    if (capture.origin() != stream) {
      throw new CallException(
          CUresult.CUDA_ERROR_STREAM_CAPTURE_UNMATCHED_VALUE,
          "the capture began on another stream");
    }
    if (!capture.mayEndIn(thread)) {
      throw new CallException(
          CUresult.CUDA_ERROR_STREAM_CAPTURE_WRONG_THREAD_VALUE,
          "another thread began the capture, in a mode that binds it to that thread");
    }
    boolean joined = capture.isJoined(part);
    session.captures().end(capture);
    if (capture.isInvalidated() || !joined) {
      if (!capture.isIntoOlder()) {
        graphs.destroy(capture.graph());
      }
      throw capture.isInvalidated()
          ? new CallException(
              CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED_VALUE,
              "an earlier error has invalidated the capture")
          : new CallException(
              CUresult.CUDA_ERROR_STREAM_CAPTURE_UNJOINED_VALUE,
              "work on another stream was not joined with the one that the capture began on");
    }
    Answers.cuStreamEndCapture(call, capture.graph().handle());
  }

  private static CallException illegalState(String detail) {
    return new CallException(CUresult.CUDA_ERROR_ILLEGAL_STATE_VALUE, detail);
  }

  void info(SessionCall call, long streamHandle) {
    Capture.OfStream part = session.objects().stream(call, streamHandle).capture();
    Answers.cuStreamGetCaptureInfo(call, status(part), part == null ? 0 : part.capture().id());
  }

  void infoWithNodes(SessionCall call, long streamHandle) {
    Capture.OfStream part = session.objects().stream(call, streamHandle).capture();
    if (part == null) {
      Answers.cuStreamGetCaptureInfoV11030(call, NONE, 0, 0, NO_NODES, NO_DATA);
    } else {
      Capture capture = part.capture();
      Answers.cuStreamGetCaptureInfoV11030(
          call,
          status(part),
          capture.id(),
          capture.graph().handle(),
          part.tail().keySet().stream().mapToLong(GraphNode::handle).toArray(),
          EdgeData.packed(part.tail().values()));
    }
  }

  private static int status(Capture.@org.jspecify.annotations.Nullable OfStream part) {
    return part == null ? NONE : part.capture().isInvalidated() ? INVALIDATED : ACTIVE;
  }

  void hostCopy(SessionCall call, long streamHandle, NodeWork.HostCopy work) {
    SessionStream stream = session.objects().stream(call, streamHandle);
    if (!session.captures().takes(call, stream, work)) {
      throw illegalState("the stream isn't capturing");
    }
  }

  void updateDependencies(
      SessionCall call, long streamHandle, Map<GraphNode, EdgeData> nodes, int flags) {
    SessionStream stream = session.objects().stream(call, streamHandle);
    Capture.OfStream part = stream.capture();
    if (part == null) {
      throw illegalState("the stream isn't capturing");
    }
    if (part.capture().isInvalidated()) {
      throw new CallException(CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED_VALUE, "");
    }
    checkNodes(part.capture().graph(), nodes);
    if (flags == SET) {
      part.tail().clear();
      part.capture().forgetLatest(stream);
    }
    part.tail().putAll(nodes);
    call.succeed();
  }
}
