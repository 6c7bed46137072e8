// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.CUgraphExecUpdateResult;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * A graph that can be launched: its nodes in order. What happens to the graph that it was made of
 * concerns it only by an update. Belongs to the session's serial executor.
 */
final class SessionGraphExec {
  private final long handle;
  private final long flags;
  private final List<GraphStep> steps;
  private final Map<Long, Integer> places = new HashMap<>();

  /** Steps that a launch leaves out. */
  private final BitSet disabled = new BitSet();

  /** Transfers that wait for the next launch. */
  private final List<GraphTransfers.Waiting> waiting = new ArrayList<>(0);

  /** What is written before each launch. */
  private final List<MemoryOperation> initial;

  /** What it keeps alive in the client beside what its steps do. */
  private List<UserReference> references;

  SessionGraphExec(
      long handle,
      long flags,
      List<GraphStep> steps,
      List<MemoryOperation> initial,
      List<UserReference> references) {
    GraphSize unused = GraphSize.of(steps);
    this.handle = handle;
    this.flags = flags;
    this.initial = List.copyOf(initial);
    this.references = List.copyOf(references);
    this.steps = new ArrayList<>(steps);
    for (int i = 0; i < steps.size(); i++) {
      places.put(steps.get(i).node(), i);
    }
  }

  long handle() {
    return handle;
  }

  List<GraphTransfers.Waiting> waiting() {
    return waiting;
  }

  List<MemoryOperation> initial() {
    return initial;
  }

  List<UserReference> references() {
    return references;
  }

  long flags() {
    return flags;
  }

  /** All steps, also those that launches leave out. */
  List<GraphStep> allSteps() {
    return steps;
  }

  /** What a launch does, in order. */
  List<GraphStep> steps() {
    if (disabled.isEmpty()) {
      return steps;
    }
    List<GraphStep> enabled = new ArrayList<>(steps);
    for (int i = disabled.nextSetBit(0); i >= 0; i = disabled.nextSetBit(i + 1)) {
      enabled.set(i, steps.get(i).with(new NodeWork.Empty()));
    }
    return enabled;
  }

  private int place(long node) {
    Integer place = places.get(node);
    if (place == null) {
      throw CallException.invalidValue("the graph was not made of this node");
    }
    return place;
  }

  /** Gives a node other parameters for later launches. */
  void set(long node, NodeWork work) {
    int place = place(node);
    if (steps.get(place).work().type() != work.type() || GraphMemoryCalls.isOfMemory(work)) {
      throw CallException.invalidValue("the node is of another type, or one of memory");
    }
    GraphStep before =
        steps.set(place, steps.get(place).with(GraphNode.inPlaceOf(steps.get(place).work(), work)));
    try {
      GraphSize unused = GraphSize.of(steps);
    } catch (CallException tooLarge) {
      steps.set(place, before);
      throw tooLarge;
    }
  }

  /** Leaves a kernel, copy or fill out of later launches, or takes it in again. */
  void setEnabled(long node, boolean enabled) {
    int place = place(node);
    if (!(steps.get(place).work() instanceof NodeWork.OnDevice)) {
      throw CallException.invalidValue(
          "only kernels, fills and copies within a device can be disabled");
    }
    disabled.set(place, !enabled);
  }

  boolean isEnabled(long node) {
    return !disabled.get(place(node));
  }

  /** How an update ended, and at which nodes of the other graph it failed. */
  record Update(CUgraphExecUpdateResult result, long node, long from) {}

  /**
   * Takes the parameters of another graph's nodes, and what that holds, if both have the same
   * shape.
   */
  Update update(List<GraphStep> others, List<UserReference> otherReferences) {
    GraphSize unused = GraphSize.of(others);
    int common = Math.min(steps.size(), others.size());
    for (int i = 0; i < common; i++) {
      GraphStep other = others.get(i);
      if (GraphMemoryCalls.isOfMemory(other.work())) {
        return new Update(
            CUgraphExecUpdateResult.CU_GRAPH_EXEC_UPDATE_ERROR_NOT_SUPPORTED, other.node(), 0);
      }
      if (other.work().type() != steps.get(i).work().type()) {
        return new Update(
            CUgraphExecUpdateResult.CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED, other.node(), 0);
      }
      if (!other.dependencies().equals(steps.get(i).dependencies())) {
        return new Update(
            CUgraphExecUpdateResult.CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED, other.node(), 0);
      }
    }
    if (steps.size() != others.size()) {
      return new Update(CUgraphExecUpdateResult.CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED, 0, 0);
    }
    for (int i = 0; i < common; i++) {
      steps.set(i, steps.get(i).with(others.get(i).work()));
    }
    references = List.copyOf(otherReferences);
    return new Update(CUgraphExecUpdateResult.CU_GRAPH_EXEC_UPDATE_SUCCESS, 0, 0);
  }

  /** Places of the steps that launches leave out. */
  List<Integer> disabledSteps() {
    return disabled.stream().boxed().toList();
  }

  /** Leaves steps out, as launches did on another server. */
  void restoreDisabled(List<Integer> steps) {
    for (int step : steps) {
      disabled.set(Objects.checkIndex(step, this.steps.size()));
    }
  }
}
