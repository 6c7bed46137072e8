// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import io.remora.ptx.KernelFault;
import java.util.Arrays;
import java.util.Map;

/**
 * Runs one block at a time: each gang of threads (a warp, or the whole block where no warp
 * operation occurs) runs region after region until all its threads wait at a barrier or have ended.
 * Among the threads of a gang those with the lowest state go first, so that threads that took
 * different ways meet again before they go on; a thread that gave way comes after all others.
 */
final class BlockRunner {
  private static final int WARP = 32;

  /** Regions run between two looks whether the launch was stopped, minus one. */
  private static final int CHECK_MASK = 1023;

  private enum Outcome {
    BLOCKED,
    YIELDED
  }

  private final BlockContext block;
  private final KernelCode code;
  private final Suspension[] suspensions;
  private final Map<Integer, MatrixStep> matrices;
  private final Barriers barriers;
  private final boolean hasStates;
  private final int gang;
  private int regionsRun;

  BlockRunner(CompiledKernel compiled, BlockContext block) {
    this.block = block;
    this.code = compiled.code().get();
    this.suspensions = compiled.suspensions().toArray(new Suspension[0]);
    this.matrices = compiled.matrices();
    this.barriers = new Barriers(block, suspensions);
    this.hasStates = compiled.hasStates();
    this.gang = compiled.hasWarpOperations() ? WARP : block.threads;
  }

  BlockContext block() {
    return block;
  }

  /** Prepares for a block. */
  void start(long number) {
    block.startBlock(number);
    if (hasStates) {
      Arrays.fill(block.state, 0);
      barriers.reset();
    }
  }

  /**
   * Runs the block until it has ended, or until all its threads wait for something outside of it.
   *
   * @return whether the block has ended
   */
  boolean run() {
    if (!hasStates) {
      code.run(0, block, 0, block.threads);
      return true;
    }
    while (true) {
      boolean yielded = false;
      for (int from = 0; from < block.threads; from += gang) {
        yielded |= runGang(from, Math.min(from + gang, block.threads)) == Outcome.YIELDED;
      }
      if (barriers.release()) {
        continue;
      }
      if (yielded) {
        return false;
      }
      if (hasEnded()) {
        return true;
      }
      throw new KernelStop(
          KernelFault.Kind.DEADLOCK, "threads of the block wait for threads that don't come");
    }
  }

  private boolean hasEnded() {
    for (int state : block.state) {
      if (state != KernelCode.EXITED) {
        return false;
      }
    }
    return true;
  }

  private Outcome runGang(int from, int to) {
    int next = lowest(from, to);
    while (next >= 0) {
      if ((++regionsRun & CHECK_MASK) == 0) {
        block.refuel(); // A loop through suspensions burns no fuel in the code itself.
      }
      boolean together = isTogether(next, from, to);
      long states = code.run(next, block, from, to);
      int union = (int) (states >> 32);
      next = together && union == (int) states ? afterTogether(union, from, to) : lowest(from, to);
      if (next == NOBODY && resolve(from, to)) {
        next = lowest(from, to);
      }
    }
    return wakeYielded(from, to) ? Outcome.YIELDED : Outcome.BLOCKED;
  }

  private static final int NOBODY = -2;

  private boolean isTogether(int state, int from, int to) {
    for (int thread = from; thread < to; thread++) {
      if (block.state[thread] != state) {
        return false;
      }
    }
    return true;
  }

  /** All threads of the gang are in one state: the next one to run, without looking at each. */
  private int afterTogether(int state, int from, int to) {
    if (state == KernelCode.EXITED) {
      return NOBODY;
    }
    if ((state & KernelCode.YIELDED) != 0) {
      return NOBODY;
    }
    if ((state & KernelCode.WAITING) == 0) {
      return state;
    }
    int region = state & ~KernelCode.WAITING;
    Suspension kind = suspensions[region];
    int present = to - from == WARP ? -1 : (1 << (to - from)) - 1;
    if (kind == Suspension.BARRIER_SYNC && to - from == block.threads && isSimpleBarrier()) {
      Arrays.fill(block.state, region);
      return region;
    }
    if (kind.isWarpOperation() && masksCover(present, kind, from, to)) {
      compute(kind, region, from, present);
      Arrays.fill(block.state, from, to, region);
      return region;
    }
    return NOBODY;
  }

  /** Whether all threads wait at one barrier that counts all of them. */
  private boolean isSimpleBarrier() {
    int barrier = block.operandA[0];
    for (int thread = 0; thread < block.threads; thread++) {
      if (block.operandA[thread] != barrier || block.operandB[thread] != 0) {
        return false;
      }
    }
    return true;
  }

  private boolean masksCover(int present, Suspension kind, int from, int to) {
    if (kind == Suspension.ACTIVE_MASK || kind == Suspension.MATRIX) {
      return true;
    }
    for (int thread = from; thread < to; thread++) {
      if ((block.mask[thread] & present) != present) {
        return false;
      }
    }
    return true;
  }

  /** The lowest state in which a thread can run, or {@link #NOBODY}. */
  private int lowest(int from, int to) {
    int lowest = Integer.MAX_VALUE;
    for (int thread = from; thread < to; thread++) {
      int state = block.state[thread];
      if (state >= 0 && state < lowest) {
        lowest = state;
      }
    }
    return lowest < KernelCode.YIELDED ? lowest : NOBODY;
  }

  private boolean wakeYielded(int from, int to) {
    boolean woken = false;
    for (int thread = from; thread < to; thread++) {
      int state = block.state[thread];
      if (state >= KernelCode.YIELDED && state < KernelCode.WAITING) {
        block.state[thread] = state & ~KernelCode.YIELDED;
        woken = true;
      }
    }
    return woken;
  }

  /** No thread of the gang can run: completes warp operations whose threads have all arrived. */
  private boolean resolve(int from, int to) {
    boolean resolved = false;
    for (int thread = from; thread < to; thread++) {
      int state = block.state[thread];
      if (state < KernelCode.WAITING) {
        continue;
      }
      int region = state & ~KernelCode.WAITING;
      Suspension kind = suspensions[region];
      if (kind == Suspension.BARRIER_ARRIVE) {
        barriers.arrive(thread);
        block.state[thread] = region;
        resolved = true;
      } else if (kind == Suspension.SLEEP) {
        block.state[thread] = region | KernelCode.YIELDED;
      } else if (kind.isWarpOperation()) {
        resolved |= resolveWarpOperation(kind, thread, from, to);
      }
    }
    return resolved;
  }

  private void compute(Suspension kind, int region, int from, int group) {
    MatrixStep matrix = kind == Suspension.MATRIX ? matrices.get(region) : null;
    if (matrix != null) {
      matrix.run(block, from);
    } else {
      WarpOperations.compute(kind, block, from, group);
    }
  }

  /** Threads may meet at different places, if the operation and the mask are the same. */
  private boolean resolveWarpOperation(Suspension kind, int thread, int from, int to) {
    int group = 0;
    boolean wholeWarp = kind == Suspension.ACTIVE_MASK || kind == Suspension.MATRIX;
    int mask = wholeWarp ? -1 : block.mask[thread];
    if ((mask >>> (thread - from) & 1) == 0) {
      throw BlockContext.illegal("a thread is not in the mask of its own warp operation");
    }
    for (int other = from; other < to; other++) {
      if ((mask >>> (other - from) & 1) == 0 || block.state[other] == KernelCode.EXITED) {
        continue;
      }
      if (isAt(kind, mask, block.state[thread], other)) {
        group |= 1 << (other - from);
      } else if (kind != Suspension.ACTIVE_MASK) {
        return false;
      }
    }
    compute(kind, block.state[thread] & ~KernelCode.WAITING, from, group);
    for (int other = from; other < to; other++) {
      if ((group >>> (other - from) & 1) != 0) {
        block.state[other] &= ~KernelCode.WAITING;
      }
    }
    return true;
  }

  private boolean isAt(Suspension kind, int mask, int state, int thread) {
    int other = block.state[thread];
    if (kind == Suspension.ACTIVE_MASK || kind == Suspension.MATRIX) {
      return other == state;
    }
    return other >= KernelCode.WAITING
        && suspensions[other & ~KernelCode.WAITING] == kind
        && block.mask[thread] == mask;
  }
}
