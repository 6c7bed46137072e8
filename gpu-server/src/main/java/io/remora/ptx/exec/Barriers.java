// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import java.util.Arrays;

/**
 * The sixteen barriers of one block (PTX ISA 9.7.13.1, "barrier"). A barrier without a count waits
 * for all threads that haven't ended.
 */
final class Barriers {
  private static final int BARRIERS = 16;

  private final BlockContext block;
  private final Suspension[] suspensions;
  private final int[] arrived;
  private final int[] waiting;
  private final int[] expected;

  /**
   * @param any whether the kernel's threads wait at all
   */
  Barriers(BlockContext block, Suspension[] suspensions, boolean any) {
    this.block = block;
    this.suspensions = suspensions;
    int barriers = any ? BARRIERS : 0;
    arrived = new int[barriers];
    waiting = new int[barriers];
    expected = new int[barriers];
  }

  void reset() {
    Arrays.fill(arrived, 0);
  }

  /** A thread passes a barrier without waiting; its count is in operand B. */
  void arrive(int thread) {
    arrived[block.operandA[thread] & 15]++;
  }

  /** Whether no thread has passed barrier 0 beforehand. */
  boolean nobodyHasArrived() {
    return arrived[0] == 0;
  }

  /** Lets all threads go whose barrier is complete; returns whether there were any. */
  boolean release() {
    Arrays.fill(waiting, 0);
    Arrays.fill(expected, 0);
    int alive = 0;
    for (int thread = 0; thread < block.threads; thread++) {
      int state = block.state[thread];
      if (state == KernelCode.EXITED) {
        continue;
      }
      alive++;
      if (isAtBarrier(state)) {
        int barrier = number(thread, state);
        waiting[barrier]++;
        expected[barrier] = kind(state) == Suspension.BARRIER_ALL ? 0 : block.operandB[thread];
      }
    }
    boolean released = false;
    for (int barrier = 0; barrier < BARRIERS; barrier++) {
      int wanted = expected[barrier] == 0 ? alive : expected[barrier];
      if (waiting[barrier] > 0 && waiting[barrier] + arrived[barrier] >= wanted) {
        complete(barrier);
        arrived[barrier] = 0;
        released = true;
      }
    }
    return released;
  }

  private Suspension kind(int state) {
    return suspensions[state & ~KernelCode.WAITING];
  }

  private int number(int thread, int state) {
    if (kind(state) == Suspension.BARRIER_ALL) {
      return 0;
    }
    return block.operandA[thread] & 15;
  }

  private boolean isAtBarrier(int state) {
    return state >= KernelCode.WAITING && kind(state).isBarrier();
  }

  private void complete(int barrier) {
    int count = 0;
    int threads = 0;
    for (int thread = 0; thread < block.threads; thread++) {
      int state = block.state[thread];
      if (isAtBarrier(state) && number(thread, state) == barrier) {
        threads++;
        count += block.operandC[thread];
      }
    }
    for (int thread = 0; thread < block.threads; thread++) {
      int state = block.state[thread];
      if (isAtBarrier(state) && number(thread, state) == barrier) {
        int region = state & ~KernelCode.WAITING;
        block.result[thread] = outcome(suspensions[region], count, threads);
        block.state[thread] = region;
      }
    }
  }

  private static int outcome(Suspension kind, int count, int threads) {
    return switch (kind) {
      case BARRIER_COUNT -> count;
      case BARRIER_AND -> count == threads ? 1 : 0;
      case BARRIER_OR -> count != 0 ? 1 : 0;
      default -> 0;
    };
  }
}
