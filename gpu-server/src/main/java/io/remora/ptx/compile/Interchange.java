// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Block;
import io.remora.ptx.ir.Flow;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Opcodes;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.Register;
import io.remora.ptx.ir.Terminator;
import java.util.BitSet;

/**
 * Loops that are better run with all threads in each round than with all rounds in each thread:
 * those whose neighbouring threads load neighbouring words, while a thread's rounds lie far apart,
 * as grid-stride loops do. Thread by thread each load would touch another cache line, and all of
 * them may share few places in the cache.
 */
final class Interchange {
  /** Threads further apart than this don't share cache lines well. */
  private static final long MAX_STEP_BYTES = 16;

  /** Rounds closer than this share cache lines within the thread. */
  private static final long MIN_ROUND_BYTES = 64;

  /** More registers that must be kept between rounds would cost more than is won. */
  private static final int MAX_KEPT = 4;

  private final PtxFunction function;
  private final Flow flow;
  private final RowSteps steps;
  private final RowSteps likely;

  private Interchange(PtxFunction function, Flow flow, RowSteps steps) {
    this.function = function;
    this.flow = flow;
    this.steps = steps;
    this.likely = RowSteps.likely(function, flow);
  }

  /** Headers of such loops. */
  static BitSet headers(PtxFunction function, Flow flow, RowSteps steps) throws PtxException {
    var headers = new BitSet();
    var interchange = new Interchange(function, flow, steps);
    for (int block : flow.order()) {
      // Only loops of one block: innermost and without ways that threads could part on. And in no
      // other loop: threads at the header are then in the same round or haven't begun.
      BitSet loop = flow.loop(block);
      if (loop != null
          && loop.cardinality() == 1
          && flow.depth(block) == 1
          && interchange.isWorthIt(block)) {
        headers.set(block);
      }
    }
    return headers;
  }

  private boolean isWorthIt(int index) throws PtxException {
    Block block = flow.blocks().get(index);
    if (!(block.terminator() instanceof Terminator.Branch) || kept(index) > MAX_KEPT) {
      return false;
    }
    boolean strides = false;
    for (Instruction at : block.code()) {
      boolean isLoad = at.opcode().equals("ld");
      if (isLoad && at.guard() == null && MemoryOps.path(at) == MemoryOps.Path.GENERIC) {
        if (!(RowPlan.base(at) instanceof Operand.Reg reg)) {
          return false;
        }
        long step = likely.of(reg.register());
        if (step == RowSteps.VARYING || Math.abs(step) > MAX_STEP_BYTES) {
          return false;
        }
        strides |= step != 0 && goesFar(reg.register(), block);
      } else if (!RowSteps.isPure(at)) {
        return false;
      }
    }
    return strides;
  }

  /** Registers that differ from thread to thread and live from round to round. */
  private long kept(int index) {
    return flow.liveIn(index).stream()
        .mapToObj(id -> function.registers().get(id))
        .filter(register -> steps.of(register) == RowSteps.VARYING)
        .count();
  }

  /** Whether an address is not just a little further in the next round. */
  private boolean goesFar(Register base, Block block) {
    for (Instruction at : block.code()) {
      boolean isOwnStep =
          at.opcode().equals("add")
              && Opcodes.definitions(at).contains(base)
              && Opcodes.uses(at).contains(base);
      if (isOwnStep) {
        return !(at.operands().get(2) instanceof Operand.Imm imm)
            || Math.abs(imm.bits()) >= MIN_ROUND_BYTES;
      }
    }
    // Made anew in each round from an index that is: look at how that one grows.
    for (Instruction at : block.code()) {
      boolean grows = at.opcode().equals("add") && likely.of(written(at)) != 0;
      if (grows && flow.liveIn(flow.blocks().indexOf(block)).get(written(at).id())) {
        return at.operands().get(2) instanceof Operand.Reg;
      }
    }
    return false;
  }

  private static Register written(Instruction at) {
    return Opcodes.definitions(at).get(0);
  }
}
