// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.LaunchAttribute;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A node of a graph that is being built. Belongs to the session's serial executor. */
final class GraphNode {
  private final long handle;
  private final SessionGraph graph;
  private final long original;
  private final Map<GraphNode, EdgeData> dependencies = new LinkedHashMap<>();
  private final Set<GraphNode> dependents = new LinkedHashSet<>();
  private NodeWork work;

  /** The graph in this node, once a program has asked for it or given it away; else null. */
  private @Nullable SessionGraph child;

  /** The graphs of a conditional node. */
  private List<SessionGraph> bodies = List.of();

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

  /** {@code CUgraphNodeType}. */
  int type() {
    return work.type();
  }

  /** What it was made of: of a node that holds graphs without what was changed in them. */
  NodeWork origin() {
    return work;
  }

  /** What it does as it is now. */
  NodeWork work() {
    if (work instanceof NodeWork.Conditional conditional) {
      return new NodeWork.Conditional(
          conditional.device(),
          conditional.address(),
          conditional.kind(),
          bodies.stream().map(GraphConditions::steps).toList());
    }
    SessionGraph inside = child;
    return inside == null ? work : NodeWork.Child.of(inside.steps(), inside.references());
  }

  @Nullable SessionGraph child() {
    return child;
  }

  /** All graphs that the node holds. */
  List<SessionGraph> held() {
    return child == null ? bodies : List.of(child);
  }

  /**
   * Has it hold the graphs that it held on another server.
   *
   * @throws IllegalArgumentException if such a node can't
   */
  void holdAgain(List<SessionGraph> graphs) {
    if (work instanceof NodeWork.Conditional conditional) {
      if (!GraphConditions.fits(conditional.kind(), graphs.size())) {
        throw new IllegalArgumentException("a conditional node has another number of graphs");
      }
      setBodies(graphs);
    } else if (work instanceof NodeWork.Child && graphs.size() == 1) {
      setChild(graphs.get(0));
    } else if (!graphs.isEmpty()) {
      throw new IllegalArgumentException("a node of this type holds no graphs");
    }
  }

  void setBodies(List<SessionGraph> graphs) {
    bodies = List.copyOf(graphs);
    bodies.forEach(each -> each.setHolder(graph));
  }

  /** From now on the node does what a graph says that a program can change. */
  void setChild(SessionGraph inside) {
    child = inside;
    inside.setHolder(graph);
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
    if (child != null) {
      throw CallException.invalidValue(
          "a program has the graph that is in the node; change that instead");
    }
    work = inPlaceOf(work, other);
  }

  /** Other parameters of a kernel leave its attributes what they are. */
  static NodeWork inPlaceOf(NodeWork before, NodeWork after) {
    return before instanceof NodeWork.Kernel was && after instanceof NodeWork.Kernel is
        ? is.with(KernelAttributes.of(was))
        : after;
  }

  /** Gives a kernel other attributes, or {@code CUDA_ERROR_INVALID_VALUE} for other nodes. */
  void setAttributes(List<LaunchAttribute> attributes) {
    if (!(work instanceof NodeWork.Kernel kernel)) {
      throw CallException.invalidValue("the node is of another type");
    }
    work = LaunchCalls.with(kernel, attributes);
  }

  /** Nodes that it comes behind; not to be changed. */
  Set<GraphNode> dependencies() {
    return dependencies.keySet();
  }

  /** The edges to nodes that it comes behind, in the same order. */
  Map<GraphNode, EdgeData> edges() {
    return dependencies;
  }

  Set<GraphNode> dependents() {
    return dependents;
  }
}
