// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Block;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Opcodes;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.RegionPlan;
import io.remora.ptx.ir.Register;
import io.remora.ptx.ir.Terminator;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Set;

/**
 * Divides the straight code of a row into phases: all threads of the row run one, then all run the
 * next. Where a row loads many values once for all its threads, no loop over the threads needs more
 * of them than the processor has registers for; and what waits for one another in one thread
 * becomes short, so that the processor works on more threads at once.
 *
 * <p>Threads may overtake one another as they like between two waits, and each thread's own order
 * stays. Only code without faults is divided, so that no thread's fault comes before another's.
 */
final class RowPhases {
  /** Values loaded once for the row that the threads of one phase use. */
  private static final int SHARED_VALUES = 4;

  /** Registers that go from one phase to the next through memory. */
  private static final int MOST_CARRIED = 2;

  /**
   * One phase.
   *
   * @param pieces its code, as parts of the track's blocks
   * @param inputs registers that its threads read
   * @param carried those of them that earlier phases have kept
   * @param kept registers that it writes and later phases read
   */
  record Phase(
      List<Block> pieces, List<Register> inputs, Set<Register> carried, List<Register> kept) {
    /** The instructions of all pieces. */
    List<Instruction> code() {
      return pieces.stream().flatMap(piece -> piece.code().stream()).toList();
    }
  }

  private final KernelPlan plan;
  private final RowPlan rows;
  private final List<Instruction> code = new ArrayList<>();

  /** Before each instruction: registers that threads need from there on; one more for the end. */
  private final List<BitSet> live = new ArrayList<>();

  /** Before each instruction: registers that threads have written on the track. */
  private final List<BitSet> written = new ArrayList<>();

  private RowPhases(KernelPlan plan, RowPlan rows) {
    this.plan = plan;
    this.rows = rows;
  }

  /** The phases in order; less than two if the code stays in one piece. */
  static List<Phase> of(KernelPlan plan, RowPlan rows) throws PtxException {
    if (!rows.isComplete() || !endsPlainly(plan.regions(), plan, rows)) {
      return List.of();
    }
    return new RowPhases(plan, rows).divide();
  }

  private static boolean endsPlainly(RegionPlan regions, KernelPlan plan, RowPlan rows) {
    int last = rows.track().get(rows.track().size() - 1);
    Integer next = rows.next(last);
    Terminator terminator = plan.unit().flow().blocks().get(last).terminator();
    return next != null
        ? regions.isCut(next)
        : !(terminator instanceof Terminator.Branch) && !(terminator instanceof Terminator.Switch);
  }

  private List<Phase> divide() throws PtxException {
    int shared = 0;
    for (int block : rows.track()) {
      for (Instruction at : plan.unit().flow().blocks().get(block).code()) {
        if (!rows.dropped().contains(at)) {
          boolean isAccess = at.opcode().equals("ld") || at.opcode().equals("st");
          if (!RowSteps.isPure(at) && !(isAccess && rows.isVerified(at))) {
            return List.of();
          }
          code.add(at);
          shared += rows.isHoisted(at) ? 1 : 0;
        }
      }
    }
    if (shared < 2 * SHARED_VALUES) {
      return List.of();
    }
    trace();
    List<Integer> cuts = cuts();
    var phases = new ArrayList<Phase>();
    for (int i = 0; i + 1 < cuts.size(); i++) {
      phases.add(phase(cuts.get(i), cuts.get(i + 1)));
    }
    return phases;
  }

  private void trace() {
    var needed = rows.liveBehind();
    rows.filled().stream()
        .filter(plan.kept()::isLinear)
        .forEach(register -> needed.clear(register.id()));
    live.add((BitSet) needed.clone());
    for (int i = code.size() - 1; i >= 0; i--) {
      Instruction at = code.get(i);
      if (at.guard() == null) {
        Opcodes.definitions(at).forEach(register -> needed.clear(register.id()));
      }
      uses(at).forEach(register -> needed.set(register.id()));
      live.add(0, (BitSet) needed.clone());
    }
    var done = new BitSet();
    for (Instruction at : code) {
      written.add((BitSet) done.clone());
      Opcodes.definitions(at).forEach(register -> done.set(register.id()));
    }
    written.add(done);
  }

  /** A value loaded once for the row comes from there, a checked place from the row's. */
  private List<Register> uses(Instruction at) {
    var uses = new ArrayList<>(Opcodes.uses(at));
    if (at.guard() != null) {
      uses.addAll(Opcodes.definitions(at)); // They may keep their values.
    }
    if (rows.isVerified(at) && RowPlan.base(at) instanceof Operand.Reg base) {
      uses.remove(base.register());
    }
    return uses;
  }

  private List<Integer> cuts() {
    var cuts = new ArrayList<Integer>(List.of(0));
    int shared = 0;
    int best = -1;
    for (int i = 0; i < code.size(); i++) {
      if (shared >= SHARED_VALUES && (best < 0 || carried(i).size() < carried(best).size())) {
        best = i;
      }
      if (rows.isHoisted(code.get(i))) {
        shared++;
        if (shared > SHARED_VALUES && best >= 0 && isPossible(best)) {
          cuts.add(best);
          i = best - 1;
          shared = 0;
        }
        best = -1;
      }
    }
    cuts.add(code.size());
    return cuts;
  }

  private boolean isPossible(int cut) {
    List<Register> carried = carried(cut);
    return carried.size() <= MOST_CARRIED
        && carried.stream().allMatch(r -> r.type().bits() >= 32 && !plan.kept().has(r));
  }

  /** Registers that go through memory if the code is cut here. */
  private List<Register> carried(int cut) {
    var both = (BitSet) live.get(cut).clone();
    both.and(written.get(cut));
    return registers(both).stream()
        .filter(register -> !plan.recomputation().covers(register.id()))
        .toList();
  }

  private List<Register> registers(BitSet ids) {
    return ids.stream().mapToObj(plan.unit().function().registers()::get).toList();
  }

  private Phase phase(int from, int to) {
    var inputs = new BitSet();
    var own = new BitSet();
    var certain = new BitSet();
    for (Instruction at : code.subList(from, to)) {
      uses(at).stream().filter(r -> !certain.get(r.id())).forEach(r -> inputs.set(r.id()));
      for (Register register : Opcodes.definitions(at)) {
        own.set(register.id());
        certain.set(register.id(), at.guard() == null || certain.get(register.id()));
      }
    }
    boolean isLast = to == code.size();
    if (isLast) {
      var behind = (BitSet) live.get(to).clone();
      behind.andNot(certain);
      inputs.or(behind);
    }
    return new Phase(
        pieces(from, to),
        registers(inputs),
        Set.copyOf(carried(from)),
        isLast ? List.of() : carried(to).stream().filter(r -> own.get(r.id())).toList());
  }

  private List<Block> pieces(int from, int to) {
    var pieces = new ArrayList<Block>();
    int at = 0;
    for (int index : rows.track()) {
      Block block = plan.unit().flow().blocks().get(index);
      List<Instruction> kept =
          block.code().stream().filter(each -> !rows.dropped().contains(each)).toList();
      int begin = Math.max(from - at, 0);
      int end = Math.min(to - at, kept.size());
      if (begin < end) {
        boolean isLast = end == kept.size();
        pieces.add(
            new Block(
                kept.subList(begin, end), isLast ? block.terminator() : new Terminator.Return()));
      }
      at += kept.size();
    }
    return pieces;
  }

  /** Registers that live from one piece of a block to another. */
  static BitSet crossing(KernelPlan plan, List<Phase> phases) {
    var crossing = (BitSet) plan.crossing().clone();
    for (Phase phase : phases) {
      phase.inputs().forEach(register -> crossing.set(register.id()));
      phase.kept().forEach(register -> crossing.set(register.id()));
    }
    return crossing;
  }
}
