// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

/**
 * A node of a graph that has been put in order.
 *
 * @param node the handle of the node that it was made of
 * @param dependencies places in the order of those before it, ascending
 */
record GraphStep(long node, NodeWork work, java.util.List<Integer> dependencies) {
  GraphStep {
    dependencies = java.util.List.copyOf(dependencies);
  }

  GraphStep with(NodeWork other) {
    return new GraphStep(node, other, dependencies);
  }
}
