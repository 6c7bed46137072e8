// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

/**
 * What warp operations compute, once all threads that take part have arrived (PTX ISA 9.7.9.6 to
 * 9.7.13, "shfl.sync", "vote.sync", "match.sync", "redux.sync", "activemask"). A group is a set of
 * lanes of one warp; bit n stands for thread {@code first + n}.
 */
final class WarpOperations {
  private WarpOperations() {}

  static void compute(Suspension kind, BlockContext block, int first, int group) {
    switch (kind) {
      case WARP_SYNC, NONE, SLEEP -> {}
      case ACTIVE_MASK -> broadcast(block, first, group, group);
      case ELECT -> elect(block, first, group);
      case SHUFFLE_UP, SHUFFLE_DOWN, SHUFFLE_BUTTERFLY, SHUFFLE_INDEX ->
          shuffle(kind, block, first, group);
      case VOTE_ALL -> vote(block, first, group, ballot(block, first, group) == group);
      case VOTE_ANY -> vote(block, first, group, ballot(block, first, group) != 0);
      case VOTE_UNIFORM -> {
        int ballot = ballot(block, first, group);
        vote(block, first, group, ballot == 0 || ballot == group);
      }
      case VOTE_BALLOT -> broadcast(block, first, group, ballot(block, first, group));
      case MATCH_ANY -> matchAny(block, first, group);
      case MATCH_ALL -> matchAll(block, first, group);
      case REDUCE_ADD,
          REDUCE_AND,
          REDUCE_OR,
          REDUCE_XOR,
          REDUCE_MIN_SIGNED,
          REDUCE_MAX_SIGNED,
          REDUCE_MIN_UNSIGNED,
          REDUCE_MAX_UNSIGNED ->
          broadcast(block, first, group, reduce(kind, block, first, group));
      case BARRIER_ALL,
          BARRIER_SYNC,
          BARRIER_ARRIVE,
          BARRIER_COUNT,
          BARRIER_AND,
          BARRIER_OR,
          CLUSTER_WAIT,
          MATRIX ->
          throw new IllegalArgumentException(kind.name());
    }
  }

  private static void broadcast(BlockContext block, int first, int group, int value) {
    for (int rest = group; rest != 0; rest &= rest - 1) {
      block.result[first + Integer.numberOfTrailingZeros(rest)] = value;
    }
  }

  private static void vote(BlockContext block, int first, int group, boolean holds) {
    broadcast(block, first, group, holds ? 1 : 0);
  }

  private static int ballot(BlockContext block, int first, int group) {
    int ballot = 0;
    for (int rest = group; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      ballot |= block.operandA[first + lane] << lane;
    }
    return ballot;
  }

  private static void elect(BlockContext block, int first, int group) {
    int leader = Integer.numberOfTrailingZeros(group);
    for (int rest = group; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      block.result[first + lane] = leader;
      block.resultPredicate[first + lane] = lane == leader ? 1 : 0;
    }
  }

  private static void shuffle(Suspension kind, BlockContext block, int first, int group) {
    int[] values = block.operandA;
    for (int rest = group; rest != 0; rest &= rest - 1) {
      int lane = Integer.numberOfTrailingZeros(rest);
      int thread = first + lane;
      int distance = block.operandB[thread] & 31;
      int segment = block.operandC[thread] >> 8 & 31;
      int limit = lane & segment | block.operandC[thread] & 31 & ~segment;
      int source =
          switch (kind) {
            case SHUFFLE_UP -> lane - distance;
            case SHUFFLE_DOWN -> lane + distance;
            case SHUFFLE_BUTTERFLY -> lane ^ distance;
            default -> lane & segment | distance & ~segment;
          };
      boolean inside = kind == Suspension.SHUFFLE_UP ? source >= limit : source <= limit;
      // Reading a lane outside the group is undefined; here it reads its own value.
      boolean there = inside && (group >>> source & 1) != 0;
      block.result[thread] = values[there ? first + source : thread];
      block.resultPredicate[thread] = inside ? 1 : 0;
    }
  }

  private static void matchAny(BlockContext block, int first, int group) {
    for (int rest = group; rest != 0; rest &= rest - 1) {
      int thread = first + Integer.numberOfTrailingZeros(rest);
      int equal = 0;
      for (int others = group; others != 0; others &= others - 1) {
        int lane = Integer.numberOfTrailingZeros(others);
        if (block.operandLong[first + lane] == block.operandLong[thread]) {
          equal |= 1 << lane;
        }
      }
      block.result[thread] = equal;
    }
  }

  private static void matchAll(BlockContext block, int first, int group) {
    long value = block.operandLong[first + Integer.numberOfTrailingZeros(group)];
    boolean all = true;
    for (int rest = group; rest != 0; rest &= rest - 1) {
      all &= block.operandLong[first + Integer.numberOfTrailingZeros(rest)] == value;
    }
    for (int rest = group; rest != 0; rest &= rest - 1) {
      int thread = first + Integer.numberOfTrailingZeros(rest);
      block.result[thread] = all ? group : 0;
      block.resultPredicate[thread] = all ? 1 : 0;
    }
  }

  private static int reduce(Suspension kind, BlockContext block, int first, int group) {
    int rest = group;
    int result = block.operandA[first + Integer.numberOfTrailingZeros(rest)];
    for (rest &= rest - 1; rest != 0; rest &= rest - 1) {
      int value = block.operandA[first + Integer.numberOfTrailingZeros(rest)];
      result =
          switch (kind) {
            case REDUCE_ADD -> result + value;
            case REDUCE_AND -> result & value;
            case REDUCE_OR -> result | value;
            case REDUCE_XOR -> result ^ value;
            case REDUCE_MIN_SIGNED -> Math.min(result, value);
            case REDUCE_MAX_SIGNED -> Math.max(result, value);
            case REDUCE_MIN_UNSIGNED ->
                Integer.compareUnsigned(result, value) <= 0 ? result : value;
            default -> Integer.compareUnsigned(result, value) >= 0 ? result : value;
          };
    }
    return result;
  }
}
