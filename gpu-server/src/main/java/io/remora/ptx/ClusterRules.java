// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import java.util.List;

/**
 * What a kernel says of the clusters that it runs in (PTX ISA 11.7).
 *
 * @param required x, y and z of {@code .reqnctapercluster}; empty if the kernel asks for none
 * @param mostBlocks {@code .maxclusterrank}; 0 if the kernel sets no limit
 * @param explicit {@code .explicitcluster}: each launch must have a cluster, its own or the
 *     kernel's
 */
public record ClusterRules(List<Integer> required, int mostBlocks, boolean explicit) {
  /** Of a kernel that says nothing. */
  public static final ClusterRules NONE = new ClusterRules(List.of(), 0, false);

  /** Copies the list. */
  public ClusterRules {
    required = List.copyOf(required);
  }

  /**
   * The cluster of a launch: the launch's own, or else the kernel's.
   *
   * @throws IllegalArgumentException if the kernel doesn't run so, if a cluster has too many
   *     blocks, or if the grid isn't made of whole clusters
   */
  public ClusterShape of(LaunchShape shape) {
    ClusterShape cluster = shape.cluster();
    if (!required.isEmpty()) {
      var own = new ClusterShape(required.get(0), required.get(1), required.get(2));
      if (!cluster.isNone() && !cluster.equals(own)) {
        throw new IllegalArgumentException("the kernel was compiled for clusters of " + required);
      }
      cluster = own;
    }
    if (cluster.isNone() && explicit) {
      throw new IllegalArgumentException("the kernel takes only launches with clusters");
    }
    if (mostBlocks > 0 && cluster.blocks() > mostBlocks) {
      throw new IllegalArgumentException(
          "the kernel takes clusters of at most " + mostBlocks + " blocks");
    }
    boolean isWhole =
        cluster.isNone()
            || shape.gridX() % cluster.x() == 0
                && shape.gridY() % cluster.y() == 0
                && shape.gridZ() % cluster.z() == 0;
    if (!isWhole) {
      throw new IllegalArgumentException("the grid is not made of whole clusters");
    }
    return cluster;
  }
}
