// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.util.List;

/**
 * A node of a graph that has been put in order.
 *
 * @param node the handle of the node that it was made of
 * @param dependencies those before it, in the order of their places
 */
record GraphStep(long node, NodeWork work, List<Dependency> dependencies) {
  GraphStep {
    dependencies = List.copyOf(dependencies);
  }

  /**
   * An edge.
   *
   * @param place in the order, of the step that it comes from
   */
  record Dependency(int place, EdgeData data) {}

  GraphStep with(NodeWork other) {
    return new GraphStep(node, other, dependencies);
  }
}
