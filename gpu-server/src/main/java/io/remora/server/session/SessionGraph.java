// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A graph that is being built: nodes and what each waits for. Belongs to the session's serial
 * executor; bounded by {@link #NODES_MAX} nodes and so many edges for each.
 */
final class SessionGraph {
  static final int NODES_MAX = 1 << 16;
  private static final int EDGES_MAX = 1 << 20;

  private final long handle;
  private final Map<Long, GraphNode> nodes = new LinkedHashMap<>();
  private int edges;

  private final List<GraphConditions.Condition> conditions = new ArrayList<>(0);
  private List<UserReference> references = List.of();

  /** The graph of which a node holds this one; null if it stands for itself. */
  private @Nullable SessionGraph holder;

  SessionGraph(long handle) {
    this.handle = handle;
  }

  long handle() {
    return handle;
  }

  /** Conditions that were made for its nodes. */
  List<GraphConditions.Condition> conditions() {
    return conditions;
  }

  /** What it keeps alive in the client. Immutable, so that what is made of it can share it. */
  List<UserReference> references() {
    return references;
  }

  void setReferences(List<UserReference> others) {
    references = List.copyOf(others);
  }

  /** Whether a node holds it: then it ends with that node. */
  boolean isHeld() {
    return holder != null;
  }

  void setHolder(SessionGraph graph) {
    holder = graph;
  }

  /**
   * Checks that a node of this graph can hold another one: what looks into graphs in nodes of
   * graphs goes down as deep as they are.
   *
   * @throws CallException {@code CUDA_ERROR_OUT_OF_MEMORY}
   */
  void checkCanHold(SessionGraph inside) {
    int depth = 1 + inside.depth();
    for (SessionGraph each = this; each != null; each = each.holder) {
      depth++;
    }
    if (depth > GraphSize.DEPTH_MAX) {
      throw CallException.outOfMemory(
          "graphs are in nodes of graphs to a depth of " + GraphSize.DEPTH_MAX + " at most");
    }
  }

  private int depth() {
    int deepest = 0;
    for (GraphNode node : nodes.values()) {
      for (SessionGraph inside : node.held()) {
        deepest = Math.max(deepest, 1 + inside.depth());
      }
    }
    return deepest;
  }

  /** Whether this graph is another one, or in a node of it, however deep. */
  boolean isWithin(SessionGraph other) {
    for (SessionGraph each = this; each != null; each = each.holder) {
      if (each == other) {
        return true;
      }
    }
    return false;
  }

  Collection<GraphNode> nodes() {
    return nodes.values();
  }

  /**
   * Adds a node behind others.
   *
   * @throws CallException {@code CUDA_ERROR_OUT_OF_MEMORY}, {@code CUDA_ERROR_INVALID_VALUE}
   */
  GraphNode add(
      long nodeHandle, long original, NodeWork work, Map<GraphNode, EdgeData> dependencies) {
    if (nodes.size() >= NODES_MAX) {
      throw CallException.outOfMemory("a graph has " + NODES_MAX + " nodes at most");
    }
    GraphNode node = new GraphNode(nodeHandle, this, original, work);
    dependencies.forEach(
        (dependency, data) -> {
          if (dependency.graph() != this) {
            throw CallException.invalidValue("a node can only depend on nodes of its own graph");
          }
          data.check(dependency, node);
        });
    checkRoom(dependencies.size());
    nodes.put(nodeHandle, node);
    dependencies.forEach((dependency, data) -> connect(dependency, node, data));
    return node;
  }

  private void checkRoom(int more) {
    if (edges + more > EDGES_MAX) {
      throw CallException.outOfMemory("a graph has " + EDGES_MAX + " edges at most");
    }
  }

  private void connect(GraphNode from, GraphNode to, EdgeData data) {
    if (to.edges().put(from, data) == null) {
      from.dependents().add(to);
      edges++;
    }
  }

  /**
   * Adds an edge.
   *
   * @throws CallException {@code CUDA_ERROR_INVALID_VALUE} if it is there, or would close a circle
   */
  void addEdge(GraphNode from, GraphNode to, EdgeData data) {
    if (from.graph() != this || to.graph() != this || to.dependencies().contains(from)) {
      throw CallException.invalidValue("the edge exists, or its nodes are not in the graph");
    }
    if (from == to || reaches(to, from)) {
      throw CallException.invalidValue("the edge would close a circle");
    }
    data.check(from, to);
    checkRoom(1);
    connect(from, to, data);
  }

  /** Adds an edge of a graph that was whole on another server: nobody looks for circles. */
  void connectAgain(GraphNode from, GraphNode to, EdgeData data) {
    checkRoom(1);
    connect(from, to, data);
  }

  private static boolean reaches(GraphNode from, GraphNode to) {
    Map<GraphNode, Boolean> seen = new HashMap<>();
    Deque<GraphNode> work = new ArrayDeque<>(List.of(from));
    while (!work.isEmpty()) {
      for (GraphNode next : work.remove().dependents()) {
        if (next == to) {
          return true;
        }
        if (seen.put(next, true) == null) {
          work.add(next);
        }
      }
    }
    return false;
  }

  /** Removes an edge that has this data, or {@code CUDA_ERROR_INVALID_VALUE}. */
  void removeEdge(GraphNode from, GraphNode to, EdgeData data) {
    if (from.graph() != this || !to.edges().remove(from, data)) {
      throw CallException.invalidValue("the graph has no such edge");
    }
    from.dependents().remove(to);
    edges--;
  }

  void remove(GraphNode node) {
    Map.copyOf(node.edges()).forEach((dependency, data) -> removeEdge(dependency, node, data));
    for (GraphNode dependent : List.copyOf(node.dependents())) {
      removeEdge(node, dependent, Objects.requireNonNull(dependent.edges().get(node)));
    }
    nodes.remove(node.handle());
  }

  /** The nodes in an order that keeps the edges: of those that can be next, the oldest. */
  List<GraphStep> steps() {
    Map<GraphNode, Integer> missing = new LinkedHashMap<>();
    for (GraphNode node : nodes.values()) {
      missing.put(node, node.dependencies().size());
    }
    Deque<GraphNode> ready = new ArrayDeque<>();
    missing.forEach(
        (node, count) -> {
          if (count == 0) {
            ready.add(node);
          }
        });
    Map<GraphNode, Integer> places = new HashMap<>();
    List<GraphStep> steps = new ArrayList<>(nodes.size());
    while (!ready.isEmpty()) {
      GraphNode node = ready.remove();
      places.put(node, steps.size());
      List<GraphStep.Dependency> before = new ArrayList<>(node.dependencies().size());
      node.edges()
          .forEach(
              (dependency, data) ->
                  before.add(new GraphStep.Dependency(places.getOrDefault(dependency, -1), data)));
      before.sort(Comparator.comparingInt(GraphStep.Dependency::place));
      steps.add(new GraphStep(node.handle(), node.work(), before));
      for (GraphNode dependent : node.dependents()) {
        if (missing.merge(dependent, -1, Integer::sum) == 0) {
          ready.add(dependent);
        }
      }
    }
    return steps;
  }
}
