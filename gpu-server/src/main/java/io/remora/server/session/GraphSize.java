// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.util.List;

/**
 * How much a graph is with all graphs that are nodes of it, which bounds what one small call can
 * make a launch do.
 *
 * @param steps nodes, those of nested graphs as often as they occur
 * @param depth of nesting
 */
record GraphSize(int steps, int depth) {
  private static final int STEPS_MAX = 1 << 20;
  static final int DEPTH_MAX = 16;

  /**
   * The size of steps.
   *
   * @throws CallException {@code CUDA_ERROR_OUT_OF_MEMORY} if it is more than a graph may have
   */
  static GraphSize of(List<GraphStep> steps) {
    long count = steps.size();
    int depth = 0;
    for (GraphStep step : steps) {
      if (step.work() instanceof NodeWork.Child child) {
        count += child.size().steps();
        depth = Math.max(depth, child.size().depth() + 1);
      } else if (step.work() instanceof NodeWork.Conditional conditional) {
        for (List<GraphStep> body : conditional.bodies()) {
          GraphSize size = of(body);
          count += size.steps();
          depth = Math.max(depth, size.depth() + 1);
        }
      }
    }
    if (count > STEPS_MAX || depth > DEPTH_MAX) {
      throw CallException.outOfMemory(
          "a graph has "
              + STEPS_MAX
              + " nodes at most with those of its child graphs, and a depth of "
              + DEPTH_MAX);
    }
    return new GraphSize((int) count, depth);
  }
}
