// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import static java.util.Objects.requireNonNull;

import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxType;
import java.math.BigInteger;
import java.util.List;
import java.util.function.BinaryOperator;

/** Operations of the threads of a warp together (PTX ISA 9.7.9.6 and 9.7.13). */
final class WarpGroup {
  private WarpGroup() {}

  /** Whether threads wait at it for others of their warp, not of their block. */
  static boolean isOf(Instruction at) {
    return !at.opcode().equals("bar") || at.has("warp");
  }

  /**
   * Completes the operations whose threads are all there; threads that have ended aren't awaited.
   * The threads may be at different places, if operation and mask are the same.
   *
   * @return whether there was any
   */
  static boolean release(List<Lane> warp) {
    boolean released = false;
    for (Lane lane : warp) {
      Instruction at = lane.waiting;
      if (at == null || !isOf(at)) {
        continue;
      }
      boolean anybody = at.opcode().equals("activemask");
      List<Lane> wanted =
          warp.stream()
              .filter(
                  other ->
                      anybody
                          ? at.equals(other.waiting)
                          : !other.ended && (mask(at, lane) >> other.thread % 32 & 1) != 0)
              .toList();
      if (!wanted.contains(lane)) {
        throw new AssertionError("a thread is not in its own mask");
      }
      if (wanted.stream().allMatch(other -> meets(at, lane, other))) {
        execute(at, wanted);
        wanted.forEach(other -> other.waiting = null);
        released = true;
      }
    }
    return released;
  }

  private static boolean meets(Instruction at, Lane lane, Lane other) {
    Instruction there = other.waiting;
    return at.equals(there) && at.opcode().equals("activemask")
        || there != null && there.name().equals(at.name()) && mask(there, other) == mask(at, lane);
  }

  /** The mask is always the last operand. */
  private static long mask(Instruction at, Lane lane) {
    return lane.bits(at, at.operands().size() - 1, PtxType.B32);
  }

  private static void execute(Instruction at, List<Lane> lanes) {
    var results = new long[lanes.size()];
    var predicates = new boolean[lanes.size()];
    for (int i = 0; i < results.length; i++) {
      Lane lane = lanes.get(i);
      switch (at.opcode()) {
        case "shfl" -> {
          int source = source(at(lane), lane);
          predicates[i] = source >= 0;
          results[i] = shuffled(lanes, lane, source);
        }
        case "vote" -> results[i] = vote(at, lanes);
        case "match" -> {
          long equal = equal(at, lanes, lane);
          predicates[i] = equal == members(lanes);
          results[i] = at.has("any") || predicates[i] ? equal : 0;
        }
        case "redux" -> results[i] = reduce(at, lanes);
        case "elect" -> {
          results[i] = lanes.get(0).thread % 32;
          predicates[i] = lane == lanes.get(0);
        }
        case "activemask" -> results[i] = members(lanes);
        default -> {} // bar.warp.sync has no result.
      }
    }
    for (int i = 0; i < results.length; i++) {
      store(lanes.get(i), results[i], predicates[i]);
    }
  }

  private static Instruction at(Lane lane) {
    return requireNonNull(lane.waiting);
  }

  private static void store(Lane lane, long result, boolean predicate) {
    Instruction at = at(lane);
    if (at.opcode().equals("bar")) {
      return;
    }
    if (at.operands().get(0) instanceof Operand.Pair pair) {
      lane.store(pair.first(), result);
      lane.store(pair.second(), predicate ? 1 : 0);
    } else {
      lane.store(at, result);
    }
  }

  private static long members(List<Lane> lanes) {
    return lanes.stream().mapToLong(lane -> 1L << lane.thread % 32).sum();
  }

  /** The lane that a thread reads, or -1 if it is beyond the thread's limit. */
  private static int source(Instruction at, Lane thread) {
    int lane = thread.thread % 32;
    int b = (int) thread.bits(at, 2, PtxType.U32) & 31;
    int c = (int) thread.bits(at, 3, PtxType.U32);
    int segment = c >> 8 & 31;
    int most = lane & segment | c & 31 & ~segment;
    int source =
        at.has("up")
            ? lane - b
            : at.has("down") ? lane + b : at.has("bfly") ? lane ^ b : lane & segment | b & ~segment;
    return at.has("up") ? (source >= most ? source : -1) : source <= most ? source : -1;
  }

  /** Reading a thread that doesn't take part is undefined; the engine then gives the own value. */
  private static long shuffled(List<Lane> lanes, Lane reader, int source) {
    Lane from =
        lanes.stream().filter(lane -> lane.thread % 32 == source).findFirst().orElse(reader);
    return from.bits(at(from), 1, PtxType.B32);
  }

  private static long vote(Instruction at, List<Lane> lanes) {
    long ballot =
        lanes.stream()
            .filter(lane -> lane.bits(at(lane), 1, PtxType.PRED) != 0)
            .mapToLong(lane -> 1L << lane.thread % 32)
            .sum();
    boolean all = ballot == members(lanes);
    return at.has("ballot")
        ? ballot
        : (at.has("all") ? all : at.has("any") ? ballot != 0 : all || ballot == 0) ? 1 : 0;
  }

  private static long equal(Instruction at, List<Lane> lanes, Lane reader) {
    PtxType type = at.types().get(0);
    long value = reader.bits(at(reader), 1, type);
    return lanes.stream()
        .filter(lane -> lane.bits(at(lane), 1, type) == value)
        .mapToLong(lane -> 1L << lane.thread % 32)
        .sum();
  }

  private static long reduce(Instruction at, List<Lane> lanes) {
    PtxType type = at.types().get(0);
    BinaryOperator<BigInteger> operation =
        at.has("add")
            ? BigInteger::add
            : at.has("and")
                ? BigInteger::and
                : at.has("or")
                    ? BigInteger::or
                    : at.has("xor")
                        ? BigInteger::xor
                        : at.has("min") ? BigInteger::min : BigInteger::max;
    return lanes.stream()
        .map(lane -> lane.integer(at(lane), 1, type))
        .reduce(operation)
        .orElseThrow()
        .longValue();
  }
}
