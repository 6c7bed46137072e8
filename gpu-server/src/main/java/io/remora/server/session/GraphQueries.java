// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.generated.Answers;
import io.remora.v1.CUresult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** The structure of graphs, for programs that ask. Belongs to the session's serial executor. */
final class GraphQueries {
  // What RemoraGraphQuery asks.
  private static final int NODES = 0;
  private static final int ROOTS = 1;
  private static final int EDGES = 2;
  private static final int DEPENDENCIES = 3;
  private static final int DEPENDENTS = 4;

  private static final long[] NONE = {};
  private static final int[] NO_DATA = {};

  /** What one answer has room for. */
  private static final int EDGES_ASKED_MAX = 50_000;

  private static final int TEXT_MAX = 1 << 20;

  private final ClientSession session;

  GraphQueries(ClientSession session) {
    this.session = session;
  }

  void query(SessionCall call, int what, long handle) {
    SessionObjects objects = session.objects();
    switch (what) {
      case NODES -> answer(call, objects.graph(handle).nodes());
      case ROOTS ->
          answer(
              call,
              objects.graph(handle).nodes().stream()
                  .filter(node -> node.dependencies().isEmpty())
                  .toList());
      case EDGES -> edges(call, objects.graph(handle));
      case DEPENDENCIES -> {
        Map<GraphNode, EdgeData> edges = objects.graphNode(handle).edges();
        Answers.remoraGraphQuery(
            call, handles(edges.keySet()), NONE, EdgeData.packed(edges.values()));
      }
      case DEPENDENTS -> dependents(call, objects.graphNode(handle));
      default -> {
        List<NodeWork.HostCopy> copies = new ArrayList<>();
        hostCopies(objects.graphExec(handle).steps(), copies);
        Answers.remoraGraphQuery(
            call,
            copies.stream().mapToLong(NodeWork.HostCopy::number).toArray(),
            copies.stream().mapToLong(copy -> copy.toDevice() ? 1 : 2).toArray(),
            NO_DATA);
      }
    }
  }

  private static void hostCopies(List<GraphStep> steps, List<NodeWork.HostCopy> found) {
    for (GraphStep step : steps) {
      if (step.work() instanceof NodeWork.HostCopy copy) {
        found.add(copy);
      } else if (step.work() instanceof NodeWork.Child child) {
        hostCopies(child.steps(), found);
      }
      if (found.size() > EDGES_ASKED_MAX) {
        throw tooLarge();
      }
    }
  }

  private static void answer(SessionCall call, Collection<GraphNode> nodes) {
    Answers.remoraGraphQuery(call, handles(nodes), NONE, NO_DATA);
  }

  private static void dependents(SessionCall call, GraphNode node) {
    List<EdgeData> data =
        node.dependents().stream()
            .map(each -> Objects.requireNonNull(each.edges().get(node)))
            .toList();
    Answers.remoraGraphQuery(call, handles(node.dependents()), NONE, EdgeData.packed(data));
  }

  private static long[] handles(Collection<GraphNode> nodes) {
    return nodes.stream().mapToLong(GraphNode::handle).toArray();
  }

  private static void edges(SessionCall call, SessionGraph graph) {
    int count = graph.nodes().stream().mapToInt(node -> node.dependencies().size()).sum();
    if (count > EDGES_ASKED_MAX) {
      throw tooLarge();
    }
    long[] from = new long[count];
    long[] to = new long[count];
    List<EdgeData> data = new ArrayList<>(count);
    for (GraphNode node : graph.nodes()) {
      for (GraphNode dependency : node.dependencies()) {
        from[data.size()] = dependency.handle();
        to[data.size()] = node.handle();
        data.add(Objects.requireNonNull(node.edges().get(dependency)));
      }
    }
    Answers.remoraGraphQuery(call, from, to, EdgeData.packed(data));
  }

  private static CallException tooLarge() {
    return new CallException(
        CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, "the graph is too large for one answer");
  }

  void dot(SessionCall call, long handle) {
    SessionGraph graph = session.objects().graph(handle);
    StringBuilder text = new StringBuilder("digraph dot {\n");
    List<String> names =
        Arrays.asList(
            "kernel",
            "memcpy",
            "memset",
            "host",
            "graph",
            "empty",
            "event wait",
            "event record",
            "semaphore signal",
            "semaphore wait",
            "mem alloc",
            "mem free",
            "memory operations",
            "conditional");
    for (GraphNode node : graph.nodes()) {
      text.append(String.format("\"%x\" [label=\"%s\"];%n", node.handle(), names.get(node.type())));
    }
    for (GraphNode node : graph.nodes()) {
      for (GraphNode dependency : node.dependencies()) {
        text.append(String.format("\"%x\" -> \"%x\";%n", dependency.handle(), node.handle()));
      }
    }
    if (text.length() > TEXT_MAX) {
      throw tooLarge();
    }
    Answers.remoraGraphDot(call, text.append("}\n").toString());
  }
}
