// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.generated.Answers;
import io.remora.v1.CUgraphConditionalNodeType;
import io.remora.v1.CUresult;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Nodes that run graphs of their own as long as, or if, a condition says so. A condition is a word
 * of the session's device memory, which kernels set. Belongs to the session's serial executor.
 */
final class GraphConditions {
  /** Conditions that one graph may have. */
  static final int CONDITIONS_MAX = 1 << 12;

  private final ClientSession session;
  private final GraphCalls graphs;

  GraphConditions(ClientSession session, GraphCalls graphs) {
    this.session = session;
    this.graphs = graphs;
  }

  /** A word of memory, and what is written there before each launch. */
  record Condition(long address, int value) {
    MemoryOperation assigned() {
      return new MemoryOperation(false, address, value, Integer.BYTES, 0);
    }
  }

  /** A word becomes a graph's condition; with flags 1 it has a value at the begin of launches. */
  void condition(SessionCall call, long graphHandle, long address, int value, int flags) {
    SessionGraph graph = session.objects().graph(graphHandle);
    SessionDevice unused = session.memory(address, Integer.BYTES);
    if (flags != 0) {
      if (graph.conditions().size() >= CONDITIONS_MAX) {
        throw CallException.outOfMemory("a graph has " + CONDITIONS_MAX + " conditions at most");
      }
      graph.conditions().add(new Condition(address, value));
    }
    call.succeed();
  }

  void addNode(
      SessionCall call,
      long handle,
      long graphHandle,
      Map<GraphNode, EdgeData> before,
      long address,
      int type,
      int size) {
    CUgraphConditionalNodeType kind = CUgraphConditionalNodeType.forNumber(type);
    if (kind == null) {
      throw CallException.invalidValue("there are no conditional nodes of type " + type);
    }
    MemoryRanges.checkAlignment(address, Integer.BYTES);
    SessionDevice device = session.memory(address, Integer.BYTES);
    if (!fits(kind, size)) {
      throw CallException.invalidValue("a conditional node of this type has not so many graphs");
    }
    NodeWork work = new NodeWork.Conditional(device, address, kind, List.of());
    List<SessionGraph> bodies = new ArrayList<>(size);
    try {
      for (int i = 0; i < size; i++) {
        bodies.add(graphs.newGraph(session.captures().newHandle()));
      }
      session.objects().graph(graphHandle).checkCanHold(bodies.get(0));
      graphs.addNode(handle, graphHandle, before, work).setBodies(bodies);
    } catch (CallException refused) {
      bodies.forEach(graphs::destroy);
      throw refused;
    }
    Answers.remoraGraphAddCondition(
        call, bodies.stream().mapToLong(SessionGraph::handle).toArray());
  }

  /** Whether a conditional node of a type can have so many graphs. */
  static boolean fits(CUgraphConditionalNodeType kind, int graphs) {
    return switch (kind) {
      case CU_GRAPH_COND_TYPE_IF -> graphs == 1 || graphs == 2;
      case CU_GRAPH_COND_TYPE_WHILE -> graphs == 1;
      case CU_GRAPH_COND_TYPE_SWITCH -> graphs >= 1;
      case UNRECOGNIZED -> false;
    };
  }

  /**
   * The steps of a graph in a conditional node.
   *
   * @throws CallException {@code CUDA_ERROR_NOT_SUPPORTED} for nodes that it can't have
   */
  static List<GraphStep> steps(SessionGraph body) {
    return checked(body.steps());
  }

  /**
   * Steps of a graph in a conditional node.
   *
   * @throws CallException {@code CUDA_ERROR_NOT_SUPPORTED} for those that it can't have
   */
  static List<GraphStep> checked(List<GraphStep> steps) {
    for (GraphStep step : steps) {
      if (step.work() instanceof NodeWork.HostCopy || GraphMemoryCalls.isOfMemory(step.work())) {
        throw new CallException(
            CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
            "graphs in conditional nodes neither copy host memory nor allocate");
      }
    }
    return steps;
  }

  /** What is to be written before a launch of a graph, also for graphs in its nodes. */
  static List<MemoryOperation> initial(SessionGraph graph) {
    List<MemoryOperation> found = new ArrayList<>(0);
    graph.conditions().forEach(each -> found.add(each.assigned()));
    for (GraphNode node : graph.nodes()) {
      node.held().forEach(each -> found.addAll(initial(each)));
    }
    return found;
  }
}
