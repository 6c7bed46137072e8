// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.ir.Block;
import io.remora.ptx.ir.Flow;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Opcodes;
import io.remora.ptx.ir.Register;
import io.remora.ptx.ir.Terminator;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * Which registers may differ between threads because these took different ways: from a branch that
 * not all take alike to the block where all ways meet again (its immediate post-dominator).
 */
final class Divergence {
  private final Flow flow;
  private final int[] definitions;
  private final BitSet[] after;
  private final BitSet examined = new BitSet();

  /**
   * @param definitions how many instructions write each register
   */
  Divergence(Flow flow, int[] definitions) {
    this.flow = flow;
    this.definitions = definitions;
    this.after = postDominators(flow);
  }

  /**
   * Adds the registers that branches make unknown.
   *
   * @param divergent tells of a block whether its end is such a branch
   * @return whether any were added
   */
  boolean force(IntPredicate divergent, BitSet registers) {
    int before = registers.cardinality();
    for (int block : flow.order()) {
      if (!examined.get(block) && successors(block).size() > 1 && divergent.test(block)) {
        examined.set(block);
        addFrom(block, registers);
      }
    }
    return registers.cardinality() != before;
  }

  /** Ways that only end the thread don't count: those who went them are not in the row any more. */
  private List<Integer> successors(int block) {
    List<Integer> all = flow.blocks().get(block).terminator().successors();
    return all.stream().filter(next -> !onlyEnds(next)).distinct().toList();
  }

  private boolean onlyEnds(int block) {
    Block body = flow.blocks().get(block);
    return body.code().isEmpty()
        && (body.terminator() instanceof Terminator.Exit
            || body.terminator() instanceof Terminator.Return);
  }

  private void addFrom(int branch, BitSet registers) {
    int meeting = meeting(branch);
    var influenced = new BitSet();
    var work = new ArrayDeque<Integer>(successors(branch));
    while (!work.isEmpty()) {
      int block = work.remove();
      if (block != meeting && !influenced.get(block)) {
        influenced.set(block);
        work.addAll(flow.blocks().get(block).terminator().successors());
      }
    }
    if (influenced.stream().anyMatch(this::waits)) {
      forceLoopsAround(branch, registers);
    }
    for (int block : influenced.stream().toArray()) {
      boolean repeats = isCyclic(block, influenced);
      for (Instruction at : flow.blocks().get(block).code()) {
        for (Register register : Opcodes.definitions(at)) {
          int id = register.id();
          boolean outlives = meeting < 0 || flow.liveIn(meeting).get(id);
          if (repeats || outlives || definitions[id] > 1) {
            registers.set(id);
          }
        }
      }
    }
  }

  private boolean waits(int block) {
    return flow.blocks().get(block).terminator() instanceof Terminator.Suspend;
  }

  /** Threads that part and wait at one place again may be in different rounds of these loops. */
  private void forceLoopsAround(int branch, BitSet registers) {
    for (int header : flow.order()) {
      BitSet loop = flow.loop(header);
      if (loop != null && loop.get(branch)) {
        loop.stream()
            .forEach(
                block ->
                    flow.blocks()
                        .get(block)
                        .code()
                        .forEach(
                            at ->
                                Opcodes.definitions(at)
                                    .forEach(register -> registers.set(register.id()))));
      }
    }
  }

  private boolean isCyclic(int start, BitSet within) {
    var seen = new BitSet();
    var work = new ArrayDeque<Integer>(flow.blocks().get(start).terminator().successors());
    while (!work.isEmpty()) {
      int block = work.remove();
      if (block == start) {
        return true;
      }
      if (within.get(block) && !seen.get(block)) {
        seen.set(block);
        work.addAll(flow.blocks().get(block).terminator().successors());
      }
    }
    return false;
  }

  /** The first block that all ways from a branch come through, or -1 if there is none. */
  private int meeting(int branch) {
    BitSet common = (BitSet) after[branch].clone();
    common.clear(branch);
    int nearest = -1;
    for (int block = common.nextSetBit(0); block >= 0; block = common.nextSetBit(block + 1)) {
      // The nearest one is followed by all the others.
      if (nearest < 0 || after[block].cardinality() > after[nearest].cardinality()) {
        nearest = block;
      }
    }
    return nearest;
  }

  private BitSet[] postDominators(Flow graph) {
    int count = graph.blocks().size();
    int[] order = graph.order();
    var sets = new BitSet[count];
    var all = new BitSet(count);
    for (int block : order) {
      all.set(block);
    }
    for (int block = 0; block < count; block++) {
      sets[block] = (BitSet) all.clone();
    }
    boolean changed = true;
    while (changed) {
      changed = false;
      for (int i = order.length - 1; i >= 0; i--) {
        int block = order[i];
        var next = new ArrayList<Integer>(successors(block));
        var set = new BitSet(count);
        if (!next.isEmpty()) {
          set.or(all);
          next.forEach(successor -> set.and(sets[successor]));
        }
        set.set(block);
        if (!set.equals(sets[block])) {
          sets[block] = set;
          changed = true;
        }
      }
    }
    return sets;
  }
}
