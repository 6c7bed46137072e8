// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import io.remora.ptx.KernelFault;
import io.remora.ptx.memory.ScratchArea;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;

/**
 * The blocks of a cooperative launch, which may wait for one another: all are in memory at once. A
 * worker takes one, runs it until it ends or waits, and puts it behind the others; so the launch
 * goes on with however few workers. The queue hands a block's state from one worker to the next.
 */
final class CooperativeBlocks {
  private static final int WORKSPACE_BYTES = 64;

  private final Queue<RunningBlocks> ready = new ConcurrentLinkedQueue<>();
  private final List<ScratchArea.Piece> pieces = new ArrayList<>();
  private final Launch launch;
  private final long workspace;

  /**
   * Makes room for the words that a grid-wide barrier counts in.
   *
   * @throws KernelStop if there is none
   */
  CooperativeBlocks(Launch launch) {
    this.launch = launch;
    workspace = take(WORKSPACE_BYTES).address();
    launch.memory().fill(workspace, 0, 4, WORKSPACE_BYTES / 4);
  }

  /**
   * Makes all blocks; those of one cluster go together.
   *
   * @throws KernelStop if there is no room
   */
  void start() {
    long bytes = launch.unitBytes();
    for (long number = 0; number < launch.units(); number++) {
      RunningBlocks runner = launch.runner(take(bytes), 0);
      runner.start(number);
      ready.add(runner);
    }
  }

  private ScratchArea.Piece take(long bytes) {
    ScratchArea.Piece piece = launch.memory().scratch().take(bytes);
    if (piece == null) {
      throw new KernelStop(
          KernelFault.Kind.OUT_OF_RESOURCES, "too many blocks for a cooperative launch");
    }
    pieces.add(piece);
    return piece;
  }

  /** Address of the words that a grid-wide barrier counts in. */
  long workspace() {
    return workspace;
  }

  /** Whether there are blocks that no worker has at this moment. */
  boolean hasWork() {
    return !ready.isEmpty();
  }

  /** The next block to run, or null if the other workers have one each of those that are left. */
  @Nullable RunningBlocks next() {
    return ready.poll();
  }

  /** A block waits for others. */
  void putBack(RunningBlocks runner) {
    if (ready.isEmpty()) {
      Thread.yield(); // All others are being run, maybe by threads that want this processor.
    }
    ready.add(runner);
  }

  /** Gives the memory back, when all workers have left. */
  void close() {
    pieces.forEach(launch.memory().scratch()::giveBack);
  }
}
