// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

/**
 * Extent of a launch, in blocks and threads.
 *
 * @param gridX blocks in x, 1 to 2^31-1
 * @param gridY blocks in y, 1 to 65535
 * @param gridZ blocks in z, 1 to 65535
 * @param blockX threads in x, 1 to 1024
 * @param blockY threads in y, 1 to 1024
 * @param blockZ threads in z, 1 to 64
 * @param dynamicSharedBytes shared memory beyond the kernel's static one, for each block
 * @param cooperative whether blocks may wait for one another (grid-wide barriers); all blocks are
 *     then resident at once
 * @param cluster blocks that can reach one another's shared memory, or {@link ClusterShape#NONE}
 */
public record LaunchShape(
    int gridX,
    int gridY,
    int gridZ,
    int blockX,
    int blockY,
    int blockZ,
    int dynamicSharedBytes,
    boolean cooperative,
    ClusterShape cluster) {

  /** A launch without clusters of its own. */
  public LaunchShape(
      int gridX,
      int gridY,
      int gridZ,
      int blockX,
      int blockY,
      int blockZ,
      int dynamicSharedBytes,
      boolean cooperative) {
    this(
        gridX,
        gridY,
        gridZ,
        blockX,
        blockY,
        blockZ,
        dynamicSharedBytes,
        cooperative,
        ClusterShape.NONE);
  }

  /** A launch whose blocks are independent of one another. */
  public LaunchShape(
      int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int dynamicSharedBytes) {
    this(gridX, gridY, gridZ, blockX, blockY, blockZ, dynamicSharedBytes, false);
  }

  /** A one-dimensional launch without dynamic shared memory. */
  public static LaunchShape linear(int blocks, int threadsPerBlock) {
    return new LaunchShape(blocks, 1, 1, threadsPerBlock, 1, 1, 0, false);
  }

  /** Checks the ranges that hold for every kernel. */
  public LaunchShape {
    require(gridX >= 1, "gridX", gridX);
    require(gridY >= 1 && gridY <= 65535, "gridY", gridY);
    require(gridZ >= 1 && gridZ <= 65535, "gridZ", gridZ);
    require(blockX >= 1 && blockX <= 1024, "blockX", blockX);
    require(blockY >= 1 && blockY <= 1024, "blockY", blockY);
    require(blockZ >= 1 && blockZ <= 64, "blockZ", blockZ);
    require(
        (long) blockX * blockY * blockZ <= PtxKernel.MAX_THREADS_PER_BLOCK,
        "threads of a block",
        (int) Math.min(Integer.MAX_VALUE, (long) blockX * blockY * blockZ));
    require(
        dynamicSharedBytes >= 0 && dynamicSharedBytes <= PtxKernel.MAX_SHARED_BYTES,
        "dynamicSharedBytes",
        dynamicSharedBytes);
  }

  /** The same launch with other clusters. */
  public LaunchShape withCluster(ClusterShape other) {
    if (other.equals(cluster)) {
      return this;
    }
    return new LaunchShape(
        gridX, gridY, gridZ, blockX, blockY, blockZ, dynamicSharedBytes, cooperative, other);
  }

  /** Threads in one block. */
  public int threadsPerBlock() {
    return blockX * blockY * blockZ;
  }

  /** Blocks in the grid. */
  public long blocks() {
    return (long) gridX * gridY * gridZ;
  }

  private static void require(boolean holds, String what, int value) {
    if (!holds) {
      throw new IllegalArgumentException(what + " is out of range: " + value);
    }
  }
}
