// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

/** What a thread waits for before a region. */
public enum Suspension {
  /** Nothing: the region is a cut or the start. */
  NONE,
  /** Nothing, but others go first. */
  SLEEP,
  /** Barrier 0 with all threads, by far the most usual: has no operands. */
  BARRIER_ALL,
  BARRIER_SYNC,
  BARRIER_ARRIVE,
  BARRIER_COUNT,
  BARRIER_AND,
  BARRIER_OR,
  /** The barrier of the cluster; its threads have arrived before. */
  CLUSTER_WAIT,
  WARP_SYNC,
  ACTIVE_MASK,
  ELECT,
  SHUFFLE_UP,
  SHUFFLE_DOWN,
  SHUFFLE_BUTTERFLY,
  SHUFFLE_INDEX,
  VOTE_ALL,
  VOTE_ANY,
  VOTE_UNIFORM,
  VOTE_BALLOT,
  MATCH_ANY,
  MATCH_ALL,
  REDUCE_ADD,
  REDUCE_AND,
  REDUCE_OR,
  REDUCE_XOR,
  REDUCE_MIN_SIGNED,
  REDUCE_MAX_SIGNED,
  REDUCE_MIN_UNSIGNED,
  REDUCE_MAX_UNSIGNED,
  /** A matrix instruction; {@link CompiledKernel#matrices} says which. */
  MATRIX;

  /** Whether the threads of a block wait for one another. */
  public boolean isBarrier() {
    return ordinal() >= BARRIER_ALL.ordinal() && ordinal() <= BARRIER_OR.ordinal();
  }

  /** Whether the threads of a warp wait for one another. */
  public boolean isWarpOperation() {
    return ordinal() >= WARP_SYNC.ordinal();
  }
}
