// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One capture: the graph that it makes and the streams whose calls go there. Belongs to the
 * session's serial executor.
 */
final class Capture {
  private final long id;
  private final SessionGraph graph;
  private final SessionStream origin;
  private final long thread;
  private final boolean anyThread;
  private final Set<SessionStream> streams = new HashSet<>();

  /** Nodes that calls on streams made, which the origin must be joined with at the end. */
  private final Set<GraphNode> captured = new HashSet<>();

  /** What each stream's latest call made. */
  private final Map<SessionStream, GraphNode> latest = new HashMap<>();

  /** Whether the graph was there before, and stays when the capture fails. */
  private boolean intoOlder;

  private boolean invalidated;
  private boolean over;

  /**
   * @param thread the client's number of the thread that began it
   * @param anyThread whether another thread may end it
   */
  Capture(long id, SessionGraph graph, SessionStream origin, long thread, boolean anyThread) {
    this.id = id;
    this.graph = graph;
    this.origin = origin;
    this.thread = thread;
    this.anyThread = anyThread;
  }

  /**
   * A stream's part: the nodes that its next call waits for, and what its edges to them have.
   *
   * @param capture the whole
   */
  record OfStream(Capture capture, Map<GraphNode, EdgeData> tail) {}

  /** What an event stands for that was recorded by a captured call. */
  record OfEvent(Capture capture, Map<GraphNode, EdgeData> nodes) {}

  long id() {
    return id;
  }

  SessionGraph graph() {
    return graph;
  }

  SessionStream origin() {
    return origin;
  }

  /** Whether a stream of a context belongs to it. */
  boolean uses(VirtualContext context) {
    return streams.stream().anyMatch(each -> each.context() == context);
  }

  /** The client's number of the thread that began it. */
  long thread() {
    return thread;
  }

  /** Whether any thread may end it. */
  boolean mayEndAnywhere() {
    return anyThread;
  }

  /** Nodes that calls on its streams have made. */
  Set<GraphNode> captured() {
    return captured;
  }

  boolean mayEndIn(long otherThread) {
    return anyThread || thread == otherThread;
  }

  boolean isIntoOlder() {
    return intoOlder;
  }

  void setIntoOlder() {
    intoOlder = true;
  }

  boolean isInvalidated() {
    return invalidated;
  }

  void invalidate() {
    invalidated = true;
  }

  boolean isOver() {
    return over;
  }

  /** A stream's calls go here from now on, behind these nodes. */
  void join(SessionStream stream, Map<GraphNode, EdgeData> nodes) {
    streams.add(stream);
    stream.setCapture(new OfStream(this, new LinkedHashMap<>(nodes)));
  }

  /** A call on a stream has made a node. */
  void add(SessionStream stream, GraphNode node) {
    captured.add(node);
    latest.put(stream, node);
  }

  /** What the latest call on a stream has made; null if there was none. */
  @Nullable GraphNode latest(SessionStream stream) {
    return latest.get(stream);
  }

  /** The program has chosen itself what a stream's next call comes behind. */
  void forgetLatest(SessionStream stream) {
    latest.remove(stream);
  }

  /** Whether everything that was captured is before what the origin's next call would wait for. */
  boolean isJoined(OfStream part) {
    for (GraphNode node : captured) {
      if (node.dependents().isEmpty() && !part.tail().containsKey(node)) {
        return false;
      }
    }
    return true;
  }

  /** Lets the streams go. */
  void end() {
    over = true;
    streams.forEach(stream -> stream.setCapture(null));
    streams.clear();
    latest.clear();
  }

  void forget(SessionStream stream) {
    streams.remove(stream);
    latest.remove(stream);
    stream.setCapture(null);
  }
}
