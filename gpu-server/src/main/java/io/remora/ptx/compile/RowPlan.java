// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.exec.KernelCode;
import io.remora.ptx.ir.Block;
import io.remora.ptx.ir.Flow;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Opcodes;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.RegionPlan;
import io.remora.ptx.ir.Register;
import io.remora.ptx.ir.Terminator;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How one region runs for whole rows of threads: along a track of blocks that nearly all threads
 * take, whose branches and accesses are decided before the row instead of in each thread; then, if
 * the track ends early, through the rest of the region as ever.
 */
final class RowPlan {
  private static final int LOOP_WEIGHT = 1000;
  private static final int NO_STATE = Integer.MIN_VALUE;

  private final Flow flow;
  private final RegionPlan regions;
  private final RegionPlan.Region region;
  private final RowSteps steps;
  private final RowGuards guards;
  private final BitSet members = new BitSet();
  private final BitSet cyclic = new BitSet();
  private final Map<Integer, Integer> weights = new HashMap<>();
  private final List<Integer> track = new ArrayList<>();
  private final Map<Integer, Integer> next = new HashMap<>();
  private final Set<Instruction> slice = identitySet();
  private final Set<Instruction> verified = identitySet();
  private final Map<Instruction, RowAccess> accesses = new IdentityHashMap<>();
  private final Map<Register, RowAccess> open = new HashMap<>();
  private final Set<Instruction> dropped = identitySet();
  private final Set<Instruction> hoisted = identitySet();
  private final List<Register> filled = new ArrayList<>();
  private int rest = -1;
  private final int flipped;
  private int decided;

  /**
   * @param flipped number of the track's decided branch that goes the other way than it usually
   *     does; -1 for the usual track
   */
  RowPlan(KernelPlan plan, RegionPlan.Region region, int flipped) throws PtxException {
    this(plan.unit().flow(), plan.regions(), region, plan.steps(), flipped);
  }

  private RowPlan(
      Flow flow, RegionPlan regions, RegionPlan.Region region, RowSteps steps, int flipped)
      throws PtxException {
    this.flipped = flipped;
    this.flow = flow;
    this.regions = regions;
    this.region = region;
    this.steps = steps;
    this.guards = new RowGuards(steps);
    region.blocks().forEach(members::set);
    findCycles();
    if (!cyclic.get(region.entry())) {
      follow();
      dropUnused();
      chooseSlice();
    }
  }

  private static Set<Instruction> identitySet() {
    return Collections.newSetFromMap(new IdentityHashMap<>());
  }

  RowGuards guards() {
    return guards;
  }

  RowSteps steps() {
    return steps;
  }

  /** The blocks of the track in order; empty if the region begins with a loop. */
  List<Integer> track() {
    return track;
  }

  /** The block that a block of the track goes on to, or null if that isn't decided before. */
  @Nullable Integer next(int block) {
    return next.get(block);
  }

  /** Instructions that are computed for the row's first and last thread beforehand. */
  boolean isInSlice(Instruction at) {
    return slice.contains(at);
  }

  /** Accesses that are checked for the whole row. */
  boolean isVerified(Instruction at) {
    return verified.contains(at);
  }

  Set<Instruction> verified() {
    return verified;
  }

  /** The accesses that one check stands for, if it is due at this instruction; else null. */
  @Nullable RowAccess checkAt(Instruction at) {
    return accesses.get(at);
  }

  /** Joins accesses that differ only in their constant offsets. */
  private void joinAccesses() throws PtxException {
    for (int block : track) {
      for (Instruction at : flow.blocks().get(block).code()) {
        if (verified.contains(at) && base(at) instanceof Operand.Reg reg) {
          RowAccess known = open.get(reg.register());
          if (known == null || !known.join(at)) {
            var access = new RowAccess(at);
            open.put(reg.register(), access);
            accesses.put(at, access);
          }
        }
        Opcodes.definitions(at).forEach(open::remove);
      }
    }
  }

  /** Instructions whose results no thread needs, because they only lead to decided branches. */
  Set<Instruction> dropped() {
    return dropped;
  }

  /** Loads whose address and value all threads of a row share. */
  boolean isHoisted(Instruction at) {
    return hoisted.contains(at);
  }

  /**
   * Registers with steps that the region computes anew: not kept thread by thread, but for all of
   * the row when it is done.
   */
  List<Register> filled() {
    return filled;
  }

  /** Whether all threads that come to the track's end leave the region there. */
  boolean isComplete() {
    if (track.isEmpty() || rest >= 0) {
      return false;
    }
    int last = track.get(track.size() - 1);
    return next.containsKey(last) || inside(last).isEmpty();
  }

  /** Registers that threads need behind the track. */
  BitSet liveBehind() {
    var live = new BitSet();
    int last = track.get(track.size() - 1);
    Terminator terminator = flow.blocks().get(last).terminator();
    Integer decided = next.get(last);
    if (decided != null) {
      live.or(flow.liveIn(decided));
    } else {
      terminator.successors().forEach(successor -> live.or(flow.liveIn(successor)));
      terminator.uses().forEach(register -> live.set(register.id()));
    }
    return live;
  }

  private void dropUnused() {
    BitSet live = liveBehind();
    for (int i = track.size() - 1; i >= 0; i--) {
      List<Instruction> code = flow.blocks().get(track.get(i)).code();
      for (int k = code.size() - 1; k >= 0; k--) {
        Instruction at = code.get(k);
        List<Register> written = Opcodes.definitions(at);
        boolean isUsed = written.stream().anyMatch(register -> live.get(register.id()));
        if (!isUsed && RowSteps.isPure(at)) {
          dropped.add(at);
          continue;
        }
        if (at.guard() == null) {
          written.forEach(register -> live.clear(register.id()));
        }
        Opcodes.uses(at).forEach(register -> live.set(register.id()));
      }
    }
  }

  /** How many branches are decided on the track. */
  int decidedBranches() {
    return decided;
  }

  /** Whether rows save anything where threads don't wait for one another. */
  boolean isUseful() {
    return !verified.isEmpty()
        || track.stream().anyMatch(b -> branch(b) != null && next.containsKey(b));
  }

  /** Registers that must have their values at the row's ends before the track begins. */
  List<Register> sliceInputs() {
    var inputs = new ArrayList<Register>();
    var known = new BitSet();
    for (int block : track) {
      for (Instruction at : flow.blocks().get(block).code()) {
        if (slice.contains(at)) {
          for (Register register : Opcodes.uses(at)) {
            addInput(register, known, inputs);
          }
          for (Register register : Opcodes.definitions(at)) {
            if (at.guard() != null) {
              addInput(register, known, inputs); // It may keep its value.
            }
            known.set(register.id());
          }
        } else if (verified.contains(at) && base(at) instanceof Operand.Reg reg) {
          addInput(reg.register(), known, inputs);
        }
      }
      Terminator.Branch branch = branch(block);
      if (branch != null && next.containsKey(block)) {
        addInput(branch.predicate().register(), known, inputs);
      }
    }
    return inputs;
  }

  private static void addInput(Register register, BitSet known, List<Register> inputs) {
    if (!known.get(register.id())) {
      known.set(register.id());
      inputs.add(register);
    }
  }

  /** The state in which most threads leave the region. */
  int usualState() {
    if (!track.isEmpty()) {
      int last = track.get(track.size() - 1);
      int state = stateBehind(last, next.get(last));
      if (state != NO_STATE) {
        return state;
      }
    }
    for (int block : region.blocks()) {
      for (int successor : flow.blocks().get(block).terminator().successors()) {
        int state = stateBehind(block, successor);
        if (state != NO_STATE) {
          return state;
        }
      }
    }
    return KernelCode.EXITED;
  }

  private int stateBehind(int block, @Nullable Integer target) {
    Terminator terminator = flow.blocks().get(block).terminator();
    if (terminator instanceof Terminator.Suspend suspend) {
      return regions.numberOf(suspend.resume()) | KernelCode.WAITING;
    } else if (terminator instanceof Terminator.Exit || terminator instanceof Terminator.Return) {
      return KernelCode.EXITED;
    }
    return target != null && regions.isCut(target) ? regions.numberOf(target) : NO_STATE;
  }

  /** The region's blocks as they are to be written: the track, then what may come behind it. */
  List<Integer> order() {
    if (track.isEmpty()) {
      return region.blocks();
    }
    var seen = new BitSet();
    var work = new ArrayDeque<Integer>();
    if (rest >= 0) {
      work.add(rest);
    }
    int last = track.get(track.size() - 1);
    if (!next.containsKey(last)) {
      work.addAll(inside(last));
    }
    while (!work.isEmpty()) {
      int block = work.remove();
      if (!seen.get(block)) {
        seen.set(block);
        work.addAll(inside(block));
      }
    }
    var order = new ArrayList<>(track);
    region.blocks().stream().filter(seen::get).forEach(order::add);
    return order;
  }

  private List<Integer> inside(int block) {
    Terminator terminator = flow.blocks().get(block).terminator();
    if (terminator instanceof Terminator.Suspend) {
      return List.of();
    }
    return terminator.successors().stream()
        .filter(successor -> members.get(successor) && !regions.isCut(successor))
        .toList();
  }

  private void findCycles() {
    for (int block : region.blocks()) {
      var seen = new BitSet();
      var work = new ArrayDeque<Integer>(inside(block));
      while (!work.isEmpty() && !cyclic.get(block)) {
        int other = work.remove();
        if (other == block) {
          cyclic.set(block);
        } else if (!seen.get(other)) {
          seen.set(other);
          work.addAll(inside(other));
        }
      }
    }
  }

  private void follow() {
    int block = region.entry();
    while (true) {
      track.add(block);
      flow.blocks().get(block).code().forEach(guards::see);
      Terminator terminator = flow.blocks().get(block).terminator();
      int target;
      if (terminator instanceof Terminator.Jump jump) {
        target = jump.target();
      } else if (terminator instanceof Terminator.Branch branch
          && guards.isKnown(branch.predicate().register())) {
        target = choose(branch);
        if (decided++ == flipped) {
          target = target == branch.target() ? branch.otherwise() : branch.target();
        }
      } else {
        return;
      }
      next.put(block, target);
      if (regions.isCut(target) || !members.get(target)) {
        return;
      }
      if (cyclic.get(target)) {
        rest = target;
        return;
      }
      block = target;
    }
  }

  private int choose(Terminator.Branch branch) {
    Boolean usual = guards.usual(branch.predicate().register());
    if (usual != null) {
      return usual ^ branch.predicate().negated() ? branch.target() : branch.otherwise();
    }
    int deeper = flow.depth(branch.target()) - flow.depth(branch.otherwise());
    if (deeper != 0) {
      return deeper > 0 ? branch.target() : branch.otherwise();
    }
    return weight(branch.target()) > weight(branch.otherwise())
        ? branch.target()
        : branch.otherwise();
  }

  /** How much there is to do from a block to the region's end, at most. */
  private int weight(int block) {
    if (!members.get(block) || regions.isCut(block)) {
      return 0;
    }
    Integer known = weights.get(block);
    if (known != null) {
      return known;
    }
    // Blocks of loops count once, and more than any straight code.
    weights.put(block, LOOP_WEIGHT);
    int best = 0;
    for (int successor : inside(block)) {
      best = Math.max(best, weight(successor));
    }
    int weight = 1 + flow.blocks().get(block).code().size() + best;
    weights.put(block, cyclic.get(block) ? Math.max(LOOP_WEIGHT, weight) : weight);
    return weights.get(block);
  }

  private Terminator.@Nullable Branch branch(int block) {
    return flow.blocks().get(block).terminator() instanceof Terminator.Branch branch
        ? branch
        : null;
  }

  private void chooseSlice() throws PtxException {
    var needed = new BitSet();
    if (isComplete()) {
      chooseFilled();
      filled.forEach(register -> needed.set(register.id()));
    }
    for (int i = track.size() - 1; i >= 0; i--) {
      int index = track.get(i);
      Block block = flow.blocks().get(index);
      Terminator.Branch branch = branch(index);
      if (branch != null && next.containsKey(index)) {
        needed.set(branch.predicate().register().id());
      }
      for (int k = block.code().size() - 1; k >= 0; k--) {
        choose(block.code().get(k), needed);
      }
    }
    chooseHoisted();
    joinAccesses();
  }

  private void chooseFilled() {
    BitSet live = liveBehind();
    var seen = new BitSet();
    for (int block : track) {
      for (Instruction at : flow.blocks().get(block).code()) {
        for (Register register : Opcodes.definitions(at)) {
          int id = register.id();
          if (live.get(id)
              && !seen.get(id)
              && register.type().bits() >= 32
              && steps.of(register) != RowSteps.VARYING) {
            seen.set(id);
            filled.add(register);
          }
        }
      }
    }
  }

  /** Loads of one place, as long as nothing was written on the way to them. */
  private void chooseHoisted() throws PtxException {
    for (int block : track) {
      for (Instruction at : flow.blocks().get(block).code()) {
        if (at.opcode().equals("ld")) {
          if (verified.contains(at)
              && base(at) instanceof Operand.Reg reg
              && steps.of(reg.register()) == 0
              && MemoryOps.isPlain(at)) {
            hoisted.add(at);
          }
        } else if (!RowSteps.isPure(at)) {
          return;
        }
      }
    }
  }

  private void choose(Instruction at, BitSet needed) throws PtxException {
    Operand base = isVerifiable(at) ? base(at) : null;
    if (base instanceof Operand.Reg reg) {
      verified.add(at);
      needed.set(reg.register().id());
    }
    List<Register> written = Opcodes.definitions(at);
    if (written.stream().noneMatch(register -> needed.get(register.id()))) {
      return;
    }
    slice.add(at);
    if (at.guard() == null) {
      written.forEach(register -> needed.clear(register.id()));
    }
    Opcodes.uses(at).forEach(register -> needed.set(register.id()));
  }

  private boolean isVerifiable(Instruction at) throws PtxException {
    boolean isAccess = at.opcode().equals("ld") || at.opcode().equals("st");
    if (!isAccess || at.guard() != null || !(base(at) instanceof Operand.Reg reg)) {
      return false;
    }
    MemoryOps.Path path = MemoryOps.path(at);
    int width = reg.register().type().bits();
    long step = steps.of(reg.register());
    return step != RowSteps.VARYING
        && step % MemoryOps.accessBytes(at) == 0
        && (path == MemoryOps.Path.SHARED && width >= 32
            || path == MemoryOps.Path.GENERIC && width == 64);
  }

  static @Nullable Operand base(Instruction at) {
    int operand = at.opcode().equals("ld") ? 1 : 0;
    return operand < at.operands().size()
            && at.operands().get(operand) instanceof Operand.Address address
        ? address.base()
        : null;
  }
}
