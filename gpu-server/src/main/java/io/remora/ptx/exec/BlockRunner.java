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
final class BlockRunner implements RunningBlocks {
  private static final int WARP = 32;

  /** Of a gang: its threads' states are those in {@link BlockContext#state}. */
  private static final int MIXED = Integer.MIN_VALUE;

  /** In {@link BlockContext#state}, where the gang's common state holds. */
  private static final int UNSET = -3;

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
  private final boolean hasClusterWaits;
  private final int gang;
  private final int[] usualStates;

  /** State that all threads of each gang are in, or {@link #MIXED}. */
  private final int[] common;

  private int regionsRun;

  BlockRunner(CompiledKernel compiled, BlockContext block) {
    this.block = block;
    this.code = compiled.code().get();
    Waits waits = compiled.waits();
    this.suspensions = waits.suspensions();
    this.matrices = compiled.matrices();
    this.barriers = new Barriers(block, suspensions, waits.any());
    this.hasStates = waits.any();
    this.hasClusterWaits = waits.clusterWaits();
    this.gang = waits.warpOperations() ? WARP : block.threads;
    this.usualStates = waits.usualStates();
    this.common = new int[(block.threads + gang - 1) / gang];
  }

  @Override
  public BlockContext block() {
    return block;
  }

  @Override
  public void moveTo(int worker) {
    block.moveTo(worker);
  }

  /** Prepares for a block. */
  @Override
  public void start(long number) {
    block.startBlock(number);
    if (hasStates) {
      Arrays.fill(block.state, UNSET);
      Arrays.fill(common, 0);
      barriers.reset();
    }
  }

  /**
   * Runs the block until it has ended, or until all its threads wait for something outside of it.
   *
   * @return whether the block has ended
   */
  @Override
  public boolean run() {
    if (!hasStates) {
      runStateless();
      return true;
    }
    while (true) {
      runAsOne();
      boolean yielded = false;
      for (int from = 0; from < block.threads; from += gang) {
        yielded |= runGang(from, Math.min(from + gang, block.threads)) == Outcome.YIELDED;
      }
      if (releaseTogether() || releaseScattered()) {
        continue;
      }
      if (yielded) {
        return false;
      }
      if (hasEnded()) {
        return true;
      }
      if (hasClusterWaits && waitsForCluster()) {
        return false;
      }
      throw new KernelStop(
          KernelFault.Kind.DEADLOCK, "threads of the block wait for threads that don't come");
    }
  }

  /**
   * Runs the whole block in step, as far as its gangs are all in one state: neighbours in different
   * gangs then access memory one after the other, too.
   */
  private void runAsOne() {
    if (common.length == 1) {
      return;
    }
    while (isOne()) {
      int state = common[0];
      if (state < KernelCode.YIELDED) {
        runTogether(state, 0, block.threads);
      } else {
        for (int from = 0; from < block.threads; from += gang) {
          passTogether(state & ~KernelCode.WAITING, from, Math.min(from + gang, block.threads));
        }
      }
    }
  }

  /** Whether all gangs have one state in common and can go on from there. */
  private boolean isOne() {
    int state = common[0];
    for (int other : common) {
      if (other != state) {
        return false;
      }
    }
    return state >= 0
        && (state < KernelCode.YIELDED
            || state >= KernelCode.WAITING
                && suspensions[state & ~KernelCode.WAITING].isWarpOperation());
  }

  /** A kernel without waiting: one region, whose threads end behind it. */
  private void runStateless() {
    int thread = 0;
    while (thread < block.threads) {
      thread = code.rows(0, block, thread, block.threads);
      if (thread < block.threads) {
        code.run(0, block, thread, block.refusedTo);
        thread = block.refusedTo;
      }
    }
  }

  private boolean hasEnded() {
    for (int first = 0; first < block.threads; first += gang) {
      int state = common[first / gang];
      for (int thread = first; thread < Math.min(first + gang, block.threads); thread++) {
        if ((state == MIXED ? block.state[thread] : state) != KernelCode.EXITED) {
          return false;
        }
      }
    }
    return true;
  }

  /** State of a thread between two turns. */
  int stateOf(int thread) {
    int state = common[thread / gang];
    return state == MIXED ? block.state[thread] : state;
  }

  private boolean isAtCluster(int state) {
    return state >= KernelCode.WAITING
        && suspensions[state & ~KernelCode.WAITING] == Suspension.CLUSTER_WAIT;
  }

  private boolean waitsForCluster() {
    for (int thread = 0; thread < block.threads; thread++) {
      if (isAtCluster(stateOf(thread))) {
        return true;
      }
    }
    return false;
  }

  /** Lets those threads go that the cluster's barrier lets pass. */
  private boolean releaseFromCluster() {
    boolean released = false;
    for (int thread = 0; thread < block.threads; thread++) {
      int state = block.state[thread];
      if (isAtCluster(state)) {
        block.lane = thread;
        if (block.cluster.passes(thread)) {
          block.state[thread] = state & ~KernelCode.WAITING;
          released = true;
        }
      }
    }
    return released;
  }

  /** Lets the whole block go on, if all gangs wait together at the barrier of all threads. */
  private boolean releaseTogether() {
    boolean waiting = false;
    for (int state : common) {
      if (state != KernelCode.EXITED) {
        if (state < KernelCode.WAITING
            || suspensions[state & ~KernelCode.WAITING] != Suspension.BARRIER_ALL) {
          return false;
        }
        waiting = true;
      }
    }
    if (waiting && barriers.nobodyHasArrived()) {
      for (int i = 0; i < common.length; i++) {
        common[i] =
            common[i] == KernelCode.EXITED ? KernelCode.EXITED : common[i] & ~KernelCode.WAITING;
      }
      return true;
    }
    return false;
  }

  private boolean releaseScattered() {
    boolean[] inStep = new boolean[common.length];
    for (int i = 0; i < common.length; i++) {
      inStep[i] = common[i] != MIXED;
      scatter(i * gang, Math.min((i + 1) * gang, block.threads));
    }
    boolean released = barriers.release();
    if (hasClusterWaits) {
      released |= releaseFromCluster();
    }
    for (int i = 0; i < common.length; i++) {
      if (inStep[i]) {
        gather(i * gang, Math.min((i + 1) * gang, block.threads));
      }
    }
    return released;
  }

  /** Writes the state that a gang has in common to its threads. */
  private void scatter(int from, int to) {
    int state = common[from / gang];
    if (state != MIXED) {
      Arrays.fill(block.state, from, to, state);
      common[from / gang] = MIXED;
    }
  }

  /**
   * Notes the state of a gang's threads once, if it is the same and they have met: those that have
   * only come to one region may have done so by different ways, after more or fewer rounds.
   */
  private void meet(int from, int to) {
    int state = block.state[from];
    boolean waits = state >= KernelCode.WAITING;
    if (state == KernelCode.EXITED
        || waits && suspensions[state & ~KernelCode.WAITING] != Suspension.SLEEP) {
      gather(from, to);
    }
  }

  /** Notes the state of a gang's threads, which have run in step, once if it is the same. */
  private void gather(int from, int to) {
    int state = block.state[from];
    if (isTogether(state, from, to)) {
      common[from / gang] = state;
      Arrays.fill(block.state, from, to, UNSET);
    }
  }

  private Outcome runGang(int from, int to) {
    while (true) {
      if (common[from / gang] == MIXED) {
        meet(from, to);
      }
      int state = common[from / gang];
      if (state == MIXED) {
        if (!runScattered(from, to)) {
          return wakeYielded(from, to) ? Outcome.YIELDED : Outcome.BLOCKED;
        }
      } else if (state == KernelCode.EXITED) {
        return Outcome.BLOCKED;
      } else if ((state & KernelCode.YIELDED) != 0) {
        common[from / gang] = state & ~KernelCode.YIELDED;
        return Outcome.YIELDED;
      } else if ((state & KernelCode.WAITING) == 0) {
        runTogether(state, from, to);
      } else if (!passTogether(state & ~KernelCode.WAITING, from, to)) {
        return Outcome.BLOCKED;
      }
    }
  }

  /** A gang waits together before a region; false if it goes on waiting. */
  private boolean passTogether(int region, int from, int to) {
    Suspension kind = suspensions[region];
    if (kind == Suspension.BARRIER_ALL) {
      return false;
    }
    int present = to - from == WARP ? -1 : (1 << (to - from)) - 1;
    if (kind.isWarpOperation() && masksCover(present, kind, from, to)) {
      compute(kind, region, from, present);
      common[from / gang] = region;
      return true;
    }
    scatter(from, to);
    boolean passed = resolve(from, to);
    gather(from, to);
    return passed || common[from / gang] != (region | KernelCode.WAITING);
  }

  /** Runs a region for gangs whose threads are all in its state. */
  private void runTogether(int region, int from, int to) {
    look();
    int usual = usualStates[region];
    boolean same = true;
    block.scattered = false;
    int thread = from;
    while (thread < to) {
      thread = code.rows(region, block, thread, to);
      if (thread < to) {
        int end = block.refusedTo;
        Arrays.fill(block.state, thread, end, region);
        block.spread(thread, end);
        long states = code.run(region, block, thread, end);
        if ((int) (states >> 32) == usual && (int) states == usual) {
          Arrays.fill(block.state, thread, end, UNSET);
        } else {
          same = false;
        }
        thread = end;
      }
    }
    boolean usually = same && !block.scattered;
    Arrays.fill(common, from / gang, (to + gang - 1) / gang, usually ? usual : MIXED);
    if (!usually) {
      for (int i = from; i < to; i++) {
        if (block.state[i] == UNSET) {
          block.state[i] = usual;
        }
      }
      for (int i = from; i < to; i += gang) {
        gather(i, Math.min(i + gang, to));
      }
    }
  }

  /**
   * Looks now and then whether the launch was stopped: waiting burns no fuel in the code itself.
   */
  private void look() {
    if ((++regionsRun & CHECK_MASK) == 0) {
      block.refuel();
    }
  }

  /** Runs one region for the threads of lowest state; false if none can run. */
  private boolean runScattered(int from, int to) {
    int next = lowest(from, to);
    if (next == NOBODY) {
      return resolve(from, to);
    }
    look();
    block.spread(from, to);
    code.run(next, block, from, to);
    return true;
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
