// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.CUresult;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The captures of a session: turns calls on capturing streams into nodes of graphs, and refuses
 * those that can't be one. Belongs to the session's serial executor.
 */
final class Captures {
  /** Handles of nodes that no client has chosen. */
  private static final long FIRST_OWN_HANDLE = 1L << 62;

  private final ClientSession session;
  private final List<Capture> active = new ArrayList<>(0);
  private long ids;
  private long ownHandles = FIRST_OWN_HANDLE;

  Captures(ClientSession session) {
    this.session = session;
  }

  /** A handle for a node or a stream that the server makes. */
  long newHandle() {
    return session.part().own(ownHandles++);
  }

  Capture begin(SessionStream stream, SessionGraph graph, long thread, boolean anyThread) {
    Capture capture = new Capture(++ids, graph, stream, thread, anyThread);
    capture.join(stream, Map.of());
    active.add(capture);
    return capture;
  }

  void end(Capture capture) {
    capture.end();
    active.remove(capture);
  }

  /**
   * Makes a node of a call's work if its stream is capturing.
   *
   * @return false if the work is to be done now
   * @throws CallException for work that can't be captured, which invalidates the capture, and for
   *     work on the legacy stream that would have to wait for a capturing one
   */
  boolean takes(SessionCall call, SessionStream stream, long key, CallContext.StreamWork work) {
    if (active.isEmpty()) {
      return false;
    }
    Capture.OfStream part = stream.capture();
    if (part == null) {
      checkLegacy(stream);
      return false;
    }
    if (call.isWaiting() || call.holdsBytes() || call.waitsForHost()) {
      call.dropBytes();
      throw unsupported(part.capture(), "copies of host memory can't be captured");
    }
    record(stream, new NodeWork.Transfer(stream.device(), key, FillReader.read(work)));
    call.succeed();
    return true;
  }

  /** As {@link #takes} for work that the caller has made a node's of. */
  boolean takes(SessionCall call, SessionStream stream, NodeWork work) {
    if (active.isEmpty()) {
      return false;
    }
    if (stream.capture() == null) {
      checkLegacy(stream);
      return false;
    }
    record(stream, work);
    call.succeed();
    return true;
  }

  /**
   * As {@link #takes} for a kernel that may begin before the one before it on its stream has ended:
   * its edge to that one says so. What the stream waits for besides is waited for as ever.
   */
  boolean takesProgrammatic(SessionCall call, SessionStream stream, NodeWork.Kernel kernel) {
    Capture.OfStream part = stream.capture();
    GraphNode before = part == null ? null : part.capture().latest(stream);
    if (part != null && before != null && EdgeData.isKernel(before)) {
      part.tail().replace(before, EdgeData.NONE, EdgeData.PROGRAMMATIC);
    }
    return takes(call, stream, kernel);
  }

  /** Makes a node on a stream that is capturing. */
  void record(SessionStream stream, NodeWork work) {
    Capture.OfStream part = requireValid(stream);
    long handle = newHandle();
    GraphNode node;
    try {
      node = part.capture().graph().add(handle, 0, work, part.tail());
    } catch (CallException refused) {
      part.capture().invalidate();
      throw refused;
    }
    session.objects().create(session.objects().graphNodes(), handle, node);
    part.capture().add(stream, node);
    part.tail().clear();
    part.tail().put(node, EdgeData.NONE);
  }

  private static Capture.OfStream requireValid(SessionStream stream) {
    Capture.OfStream part = stream.capture();
    if (part == null) {
      throw new CallException(
          CUresult.CUDA_ERROR_ILLEGAL_STATE_VALUE, "the stream isn't capturing any more");
    }
    if (part.capture().isInvalidated()) {
      throw new CallException(
          CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED_VALUE,
          "an earlier error has invalidated the capture");
    }
    return part;
  }

  /**
   * Refuses work on the legacy stream while a blocking stream, for which it would have to wait, is
   * capturing.
   *
   * @throws CallException {@code CUDA_ERROR_STREAM_CAPTURE_IMPLICIT}
   */
  void checkLegacy(SessionStream stream) {
    if (stream != stream.context().legacy()) {
      return;
    }
    for (Capture capture : active) {
      SessionStream origin = capture.origin();
      if (origin.context() == stream.context() && origin.isBlocking()) {
        capture.invalidate();
        throw new CallException(
            CUresult.CUDA_ERROR_STREAM_CAPTURE_IMPLICIT_VALUE,
            "the legacy stream would have to wait for a stream that is capturing");
      }
    }
  }

  /** The error for what a capturing stream can't do; the capture is of no use any more. */
  private static CallException unsupported(Capture capture, String detail) {
    capture.invalidate();
    return new CallException(CUresult.CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED_VALUE, detail);
  }

  /**
   * Refuses a call that waits for, asks about or allocates on a stream that is capturing.
   *
   * @throws CallException {@code CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED}
   */
  void refuse(SessionStream stream) {
    Capture.OfStream part = stream.capture();
    if (part != null) {
      throw unsupported(part.capture(), "the stream is capturing");
    }
  }

  /** As {@link #refuse}, and as {@link #checkLegacy}: for work that can't be captured. */
  void refuseUse(SessionStream stream) {
    if (!active.isEmpty()) {
      refuse(stream);
      checkLegacy(stream);
    }
  }

  /** As {@link #refuse} for all streams of a context. */
  void refuse(VirtualContext context) {
    for (Capture capture : active) {
      if (capture.origin().context() == context) {
        throw unsupported(capture, "a stream of the context is capturing");
      }
    }
  }

  /** Refuses what concerns a context as a whole; all captures of its streams are of no use then. */
  void refuseAll(VirtualContext context) {
    List<Capture> conflicting = active.stream().filter(each -> each.uses(context)).toList();
    conflicting.forEach(Capture::invalidate);
    if (!conflicting.isEmpty()) {
      throw unsupported(conflicting.get(0), "a stream of the context is capturing");
    }
  }

  /** Refuses to let a context wait for an event of a capture, which is of no use then. */
  static void refuseUse(SessionEvent event) {
    Capture.OfEvent of = captured(event);
    if (of != null) {
      throw unsupported(of.capture(), "a context can't wait for an event of a capture");
    }
  }

  /** Refuses to wait for or ask about an event of a capture. */
  static void refuse(SessionEvent event) {
    if (captured(event) != null) {
      throw new CallException(
          CUresult.CUDA_ERROR_CAPTURED_EVENT_VALUE, "the event was recorded by a captured call");
    }
  }

  private static Capture.@Nullable OfEvent captured(SessionEvent event) {
    Capture.OfEvent found = event.capture();
    return found == null || found.capture().isOver() ? null : found;
  }

  /** Records an event in a capture; returns false if the stream isn't capturing. */
  boolean recordsEvent(SessionCall call, SessionStream stream, SessionEvent event) {
    if (stream.capture() == null) {
      event.setCapture(null);
      return false;
    }
    Capture.OfStream part = requireValid(stream);
    event.setCapture(new Capture.OfEvent(part.capture(), new LinkedHashMap<>(part.tail())));
    call.succeed();
    return true;
  }

  /**
   * Makes a stream wait for an event where one of both belongs to a capture.
   *
   * @return false if neither does
   */
  boolean waitsForEvent(SessionCall call, SessionStream stream, SessionEvent event) {
    Capture.OfEvent of = captured(event);
    if (of == null && stream.capture() == null) {
      return false;
    }
    if (of == null) {
      requireValid(stream).capture().invalidate();
      throw new CallException(
          CUresult.CUDA_ERROR_STREAM_CAPTURE_ISOLATION_VALUE,
          "a captured call can't wait for an event from outside of its capture");
    }
    if (stream == stream.context().legacy()) {
      throw unsupported(of.capture(), "the legacy stream can't be captured");
    }
    if (of.capture().isInvalidated()) {
      throw new CallException(CUresult.CUDA_ERROR_STREAM_CAPTURE_INVALIDATED_VALUE, "");
    }
    if (stream.capture() == null) {
      of.capture().join(stream, of.nodes());
    } else {
      Capture.OfStream part = requireValid(stream);
      if (part.capture() != of.capture()) {
        part.capture().invalidate();
        of.capture().invalidate();
        throw new CallException(
            CUresult.CUDA_ERROR_STREAM_CAPTURE_MERGE_VALUE,
            "the event and the stream belong to different captures");
      }
      part.tail().putAll(of.nodes());
    }
    call.succeed();
    return true;
  }

  /** A stream is being destroyed. */
  void streamEnds(SessionStream stream) {
    Capture.OfStream part = stream.capture();
    if (part != null) {
      part.capture().invalidate();
      part.capture().forget(stream);
      if (part.capture().origin() == stream) {
        end(part.capture());
      }
    }
  }

  /** Those that aren't over, in the order in which they began. */
  List<Capture> active() {
    return List.copyOf(active);
  }

  /** Goes on with a capture that another server has begun. */
  void goOn(Capture capture) {
    active.add(capture);
  }

  /** The handle of the next node that the server makes. */
  long nextNodeHandle() {
    return ownHandles;
  }

  /** How many captures there were. */
  long count() {
    return ids;
  }

  /** Goes on where the server was that the session comes from. */
  void continueAt(long nextNodeHandle, long captures) {
    if (nextNodeHandle < FIRST_OWN_HANDLE || captures < 0) {
      throw new IllegalArgumentException("node handles begin at 2^62");
    }
    ownHandles = nextNodeHandle;
    ids = captures;
  }
}
