// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import java.util.Arrays;

/**
 * The barrier of one cluster (PTX ISA 9.7.13.4, "barrier.cluster"). Each phase ends when all
 * threads of the cluster that haven't ended have arrived. One worker runs all blocks of a cluster,
 * so nothing here is used by two threads at once.
 */
final class ClusterBarrier {
  private static final byte AWAY = 0;
  private static final byte ARRIVED = 1;
  private static final byte PASSED = 2;

  private final int threads;
  private final byte[] status;
  private final int[] alive;
  private final int[] missing;

  /**
   * @param blocks blocks of the cluster
   * @param threads threads of each
   */
  ClusterBarrier(int blocks, int threads) {
    this.threads = threads;
    status = new byte[blocks * threads];
    alive = new int[blocks];
    missing = new int[blocks];
  }

  void reset() {
    Arrays.fill(status, AWAY);
    Arrays.fill(alive, threads);
    Arrays.fill(missing, threads);
  }

  /** {@code barrier.cluster.arrive}. */
  void arrive(int rank, int thread) {
    int index = rank * threads + thread;
    if (status[index] != AWAY) {
      throw BlockContext.illegal("barrier.cluster.arrive without a wait since the last one");
    }
    status[index] = ARRIVED;
  }

  /** Whether a thread has arrived in the phase that goes on. */
  boolean hasArrived(int rank, int thread) {
    return status[rank * threads + thread] == ARRIVED;
  }

  /** {@code barrier.cluster.wait}: lets a thread go whose phase has ended, or says false. */
  boolean passes(int rank, int thread) {
    int index = rank * threads + thread;
    if (status[index] == AWAY) {
      throw BlockContext.illegal("barrier.cluster.wait without barrier.cluster.arrive before it");
    }
    if (status[index] != PASSED) {
      return false;
    }
    status[index] = AWAY;
    return true;
  }

  /**
   * Notes how a block stands.
   *
   * @param running its threads that haven't ended
   * @param waitedFor those of them that haven't arrived
   */
  void report(int rank, int running, int waitedFor) {
    alive[rank] = running;
    missing[rank] = waitedFor;
  }

  /** Ends the phase if nobody is missing; whether it did. */
  boolean complete() {
    int running = 0;
    for (int rank = 0; rank < alive.length; rank++) {
      running += alive[rank];
      if (missing[rank] != 0) {
        return false;
      }
    }
    if (running == 0) {
      return false;
    }
    for (int i = 0; i < status.length; i++) {
      if (status[i] == ARRIVED) {
        status[i] = PASSED;
      }
    }
    System.arraycopy(alive, 0, missing, 0, alive.length);
    return true;
  }
}
