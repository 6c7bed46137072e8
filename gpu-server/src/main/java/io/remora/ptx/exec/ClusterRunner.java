// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import io.remora.ptx.KernelFault;
import io.remora.ptx.LaunchShape;
import io.remora.ptx.memory.ScratchArea;

/**
 * Runs the blocks of one cluster by turns, all on the same worker: they see one another's shared
 * memory without races, and each goes on until its threads wait for another block.
 */
final class ClusterRunner implements RunningBlocks {
  private final LaunchShape shape;
  private final BlockRunner[] runners;
  private final boolean[] ended;
  private final ClusterBarrier barrier;
  private int current;

  /**
   * @param piece scratch memory for all blocks, of {@link BlockContext#scratchBytes}
   */
  ClusterRunner(Launch launch, ScratchArea.Piece piece, int worker) {
    shape = launch.shape();
    int blocks = shape.cluster().blocks();
    runners = new BlockRunner[blocks];
    ended = new boolean[blocks];
    barrier = new ClusterBarrier(blocks, shape.threadsPerBlock());
    for (int rank = 0; rank < blocks; rank++) {
      runners[rank] =
          new BlockRunner(
              launch.compiled(), new BlockContext(launch, piece, rank, barrier, worker));
    }
  }

  @Override
  public void start(long number) {
    barrier.reset();
    for (int rank = 0; rank < runners.length; rank++) {
      runners[rank].start(BlockCluster.blockNumber(shape, number, rank));
      ended[rank] = false;
    }
  }

  /** One turn of each block. */
  @Override
  public boolean run() {
    boolean allEnded = true;
    boolean allBlocked = true;
    for (int rank = 0; rank < runners.length; rank++) {
      if (!ended[rank]) {
        current = rank;
        ended[rank] = runners[rank].run();
        allEnded &= ended[rank];
        allBlocked &= !ended[rank] && report(rank);
        if (ended[rank]) {
          barrier.report(rank, 0, 0);
        }
        allBlocked &= !barrier.complete();
      }
    }
    if (allBlocked && !allEnded) {
      throw new KernelStop(
          KernelFault.Kind.DEADLOCK, "threads of the cluster wait for threads that don't come");
    }
    return allEnded;
  }

  /**
   * Tells the barrier how many threads of a block it still waits for.
   *
   * @return whether none of the block's threads can go on by itself
   */
  private boolean report(int rank) {
    int alive = 0;
    int missing = 0;
    boolean blocked = true;
    for (int thread = 0; thread < shape.threadsPerBlock(); thread++) {
      int state = runners[rank].stateOf(thread);
      if (state != KernelCode.EXITED) {
        alive++;
        missing += barrier.hasArrived(rank, thread) ? 0 : 1;
        blocked &= state >= KernelCode.WAITING;
      }
    }
    barrier.report(rank, alive, missing);
    return blocked;
  }

  @Override
  public BlockContext block() {
    return runners[current].block();
  }

  @Override
  public void moveTo(int worker) {
    for (BlockRunner runner : runners) {
      runner.moveTo(worker);
    }
  }
}
