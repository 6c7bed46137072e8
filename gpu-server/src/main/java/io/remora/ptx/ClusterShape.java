// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

/**
 * Extent of a thread block cluster, in blocks.
 *
 * @param x blocks in x
 * @param y blocks in y
 * @param z blocks in z
 */
public record ClusterShape(int x, int y, int z) {
  /** Nobody has asked for clusters: each block is one by itself. */
  public static final ClusterShape NONE = new ClusterShape(0, 0, 0);

  /** Most blocks of a cluster. */
  public static final int MAX_BLOCKS = 16;

  /** Most blocks of a cluster on any GPU that has clusters (CUDA's "portable" size). */
  public static final int PORTABLE_BLOCKS = 8;

  /**
   * Checks the ranges.
   *
   * @throws IllegalArgumentException unless all are 0, or all are positive and there are at most
   *     {@link #MAX_BLOCKS} blocks
   */
  public ClusterShape {
    boolean isNone = x == 0 && y == 0 && z == 0;
    boolean isPositive = x > 0 && y > 0 && z > 0;
    boolean fits =
        isPositive
            && x <= MAX_BLOCKS
            && y <= MAX_BLOCKS
            && z <= MAX_BLOCKS
            && x * y * z <= MAX_BLOCKS;
    if (!isNone && !fits) {
      throw new IllegalArgumentException(
          "a cluster has 1 to " + MAX_BLOCKS + " blocks, not " + x + " x " + y + " x " + z);
    }
  }

  /** Whether nobody has asked for clusters. */
  public boolean isNone() {
    return x == 0;
  }

  /** Blocks of a cluster: 1 if nobody has asked for clusters. */
  public int blocks() {
    return isNone() ? 1 : x * y * z;
  }
}
