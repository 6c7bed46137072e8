// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

/** What a worker runs at a time: one block, or all blocks of one cluster. */
interface RunningBlocks {
  /**
   * Prepares for a block or a cluster.
   *
   * @param number which of the grid, from 0
   */
  void start(long number);

  /**
   * Runs until all has ended, or until all threads wait for something outside.
   *
   * @return whether all has ended
   */
  boolean run();

  /** The block that ran last, to name it in a fault. */
  BlockContext block();

  /** Goes on on another worker. */
  void moveTo(int worker);
}
