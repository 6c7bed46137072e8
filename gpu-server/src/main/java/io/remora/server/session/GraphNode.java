// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.util.LinkedHashSet;
import java.util.Set;

/** A node of a graph that is being built. Belongs to the session's serial executor. */
final class GraphNode {
  private final long handle;
  private final SessionGraph graph;
  private final long original;
  private final Set<GraphNode> dependencies = new LinkedHashSet<>();
  private final Set<GraphNode> dependents = new LinkedHashSet<>();
  private NodeWork work;

  /**
   * @param original handle of the node that this one is a clone of, or 0
   */
  GraphNode(long handle, SessionGraph graph, long original, NodeWork work) {
    this.handle = handle;
    this.graph = graph;
    this.original = original;
    this.work = work;
  }

  long handle() {
    return handle;
  }

  SessionGraph graph() {
    return graph;
  }

  long original() {
    return original;
  }

  NodeWork work() {
    return work;
  }

  /**
   * Gives it other parameters.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE} if the work is of another type, or
   *     allocates or frees memory
   */
  void setWork(NodeWork other) {
    if (other.type() != work.type() || GraphMemoryCalls.isOfMemory(other)) {
      throw CallException.invalidValue("the node is of another type, or one of memory");
    }
    work = other;
  }

  Set<GraphNode> dependencies() {
    return dependencies;
  }

  Set<GraphNode> dependents() {
    return dependents;
  }
}
