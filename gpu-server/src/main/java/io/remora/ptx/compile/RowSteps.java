// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.ir.Block;
import io.remora.ptx.ir.Flow;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Opcodes;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.PtxType;
import io.remora.ptx.ir.Register;
import io.remora.ptx.ir.Terminator;
import io.remora.ptx.ir.Variable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Set;

/**
 * How each register changes along a row of threads, which differ in {@code %tid.x} only: by a
 * constant step from each thread to the next (0 if all have the same value), or in no known way.
 * Holds for threads that came the same way: what a thread computes behind branches that not all
 * take alike counts as unknown once they meet again.
 *
 * <p>Steps are those of arithmetic modulo 2 to the power of the register's width; whoever relies on
 * one must see to it that nothing wraps around within the row.
 */
final class RowSteps {
  /** No constant step. */
  static final long VARYING = Long.MIN_VALUE;

  private static final long UNSEEN = Long.MIN_VALUE + 1;

  /** Rows are at most 1024 long: with smaller steps a 32-bit value wraps at most once in a row. */
  private static final long MAX_STEP = 1 << 21;

  /** Larger kernels are compiled without rows: the analysis takes time and memory. */
  private static final int MAX_BLOCKS = 1500;

  /** Instructions that give all threads the same if they get the same. */
  private static final Set<String> PURE =
      Set.of(
          "abs",
          "add",
          "and",
          "bfe",
          "bfi",
          "bfind",
          "bmsk",
          "brev",
          "clz",
          "cnot",
          "copysign",
          "cos",
          "cvt",
          "cvta",
          "div",
          "dp2a",
          "dp4a",
          "ex2",
          "fma",
          "fns",
          "getctarank",
          "lg2",
          "lop3",
          "mad",
          "mad24",
          "mapa",
          "max",
          "min",
          "mov",
          "mul",
          "mul24",
          "neg",
          "not",
          "or",
          "popc",
          "prmt",
          "rcp",
          "rem",
          "rsqrt",
          "sad",
          "selp",
          "set",
          "setp",
          "shf",
          "shl",
          "shr",
          "sin",
          "slct",
          "sqrt",
          "sub",
          "szext",
          "tanh",
          "testp",
          "xor");

  private final PtxFunction function;
  private final Flow flow;
  private final long[] steps;
  private final BitSet forced = new BitSet();
  private final Instruction[] single;
  private final int[] definitions;

  /** Analyses a kernel. */
  static RowSteps of(PtxFunction function, Flow flow) {
    return new RowSteps(function, flow, true);
  }

  /** What would hold if all threads went the same way: a hint of what is likely, not more. */
  static RowSteps likely(PtxFunction function, Flow flow) {
    return new RowSteps(function, flow, false);
  }

  private RowSteps(PtxFunction function, Flow flow, boolean diverging) {
    this.function = function;
    this.flow = flow;
    int registers = function.registers().size();
    this.steps = new long[registers];
    this.single = new Instruction[registers];
    this.definitions = new int[registers];
    Arrays.fill(steps, VARYING);
    if (flow.blocks().size() > MAX_BLOCKS) {
      return;
    }
    for (int block : flow.order()) {
      for (Instruction at : flow.blocks().get(block).code()) {
        for (Register register : Opcodes.definitions(at)) {
          definitions[register.id()]++;
          single[register.id()] = at;
        }
      }
    }
    forced.or(flow.liveIn(0));
    solve();
    if (diverging) {
      var divergence = new Divergence(flow, definitions);
      while (divergence.force(this::isDivergent, forced)) {
        solve();
      }
    }
  }

  /** Whether an instruction does nothing but compute its results from its operands. */
  static boolean isPure(Instruction at) {
    return PURE.contains(at.opcode()) && !at.has("cc")
        || at.opcode().equals("ld") && at.has("param");
  }

  /** The step of a register, or {@link #VARYING}. */
  long of(Register register) {
    return steps[register.id()];
  }

  /** The only instruction that writes a register, or null. */
  @org.jspecify.annotations.Nullable
  Instruction definition(Register register) {
    return definitions[register.id()] == 1 ? single[register.id()] : null;
  }

  private void solve() {
    Arrays.fill(steps, UNSEEN);
    forced.stream().forEach(register -> steps[register] = VARYING);
    boolean changed = true;
    while (changed) {
      changed = false;
      for (int block : flow.order()) {
        for (Instruction at : flow.blocks().get(block).code()) {
          changed |= apply(at);
        }
      }
    }
    for (int i = 0; i < steps.length; i++) {
      if (steps[i] == UNSEEN) {
        steps[i] = VARYING;
      }
    }
  }

  private boolean apply(Instruction at) {
    boolean changed = false;
    List<Register> written = Opcodes.definitions(at);
    if (written.isEmpty()) {
      return false;
    }
    long step = guarded(at);
    for (Register register : written) {
      int id = register.id();
      long before = steps[id];
      long now = before == UNSEEN ? step : step == UNSEEN || step == before ? before : VARYING;
      if (now != before) {
        steps[id] = now;
        changed = true;
      }
    }
    return changed;
  }

  private long guarded(Instruction at) {
    if (at.guard() != null) {
      long guard = steps[at.guard().register().id()];
      if (guard != 0) {
        return guard;
      }
    }
    long step = transfer(at);
    return step != UNSEEN && step != VARYING && Math.abs(step) > MAX_STEP ? VARYING : step;
  }

  private long transfer(Instruction at) {
    if (at.opcode().equals("ld")) {
      return isParameterLoad(at) ? 0 : VARYING;
    }
    if (!PURE.contains(at.opcode()) || at.has("cc") || isLocalAddress(at)) {
      return VARYING;
    }
    List<Operand> operands = at.operands();
    var sources = new long[operands.size()];
    boolean uniform = true;
    for (int i = 1; i < sources.length; i++) {
      sources[i] = step(operands.get(i));
      if (sources[i] == UNSEEN) {
        return UNSEEN;
      }
      if (sources[i] == VARYING) {
        return VARYING;
      }
      uniform &= sources[i] == 0;
    }
    return uniform ? 0 : linear(at, operands, sources);
  }

  /** The step where sources have steps and not all are 0. */
  private static long linear(Instruction at, List<Operand> operands, long[] sources) {
    List<PtxType> types = at.types();
    if (types.isEmpty()
        || types.get(0).isFloat()
        || types.get(0).bits() < 32
        || at.has("sat")
        || !(operands.get(0) instanceof Operand.Reg result)
        || result.register().type().bits() != types.get(0).bits() * (at.has("wide") ? 2 : 1)) {
      return VARYING;
    }
    switch (at.opcode()) {
      case "cvta":
        // Addresses near different blocks' shared memory are moved differently.
        return at.has(ClusterOps.CLUSTER_SPACE) ? VARYING : sources[1];
      case "mov":
        return operands.get(1) instanceof Operand.Group ? VARYING : sources[1];
      case "add":
        return sources[1] + sources[2];
      case "sub":
        return sources[1] - sources[2];
      case "neg":
        return -sources[1];
      case "shl":
        return operands.get(2) instanceof Operand.Imm imm && imm.bits() >= 0 && imm.bits() < 22
            ? sources[1] << imm.bits()
            : VARYING;
      case "mul":
        return product(at, operands, sources);
      case "mad":
        long product = product(at, operands, sources);
        return product == VARYING ? VARYING : product + sources[3];
      case "cvt":
        boolean widens =
            types.size() == 2
                && !types.get(1).isFloat()
                && types.get(1).bits() >= 32
                && types.get(0).bits() >= types.get(1).bits();
        return widens ? sources[1] : VARYING;
      default:
        return VARYING;
    }
  }

  private static long product(Instruction at, List<Operand> operands, long[] sources) {
    if (at.has("hi")) {
      return VARYING;
    }
    if (sources[1] == 0 && sources[2] == 0) {
      return 0;
    }
    int constant = sources[1] == 0 ? 1 : 2;
    if (operands.get(constant) instanceof Operand.Imm imm && Math.abs(imm.bits()) <= MAX_STEP) {
      return imm.bits() * sources[3 - constant];
    }
    return VARYING;
  }

  private long step(Operand operand) {
    if (operand instanceof Operand.Reg reg) {
      return steps[reg.register().id()];
    } else if (operand instanceof Operand.Imm || operand instanceof Operand.Function) {
      return 0;
    } else if (operand instanceof Operand.Special special) {
      return special.name().equals("%tid.x")
          ? 1
          : SpecialValues.isConstant(special.name()) && !special.name().equals("%laneid")
              ? 0
              : VARYING;
    } else if (operand instanceof Operand.Symbol symbol) {
      return symbol.generic() && symbol.variable().space() == Variable.Space.LOCAL ? VARYING : 0;
    } else if (operand instanceof Operand.Group group) {
      long worst = 0;
      for (Operand element : group.elements()) {
        long step = step(element);
        worst = step == VARYING || worst == VARYING ? VARYING : step == 0 ? worst : step;
      }
      return worst;
    }
    return VARYING;
  }

  private boolean isParameterLoad(Instruction at) {
    return function.isKernel()
        && at.has("param")
        && at.operands().size() == 2
        && at.operands().get(1) instanceof Operand.Address address
        && address.base() instanceof Operand.Symbol symbol
        && function.parameters().contains(symbol.variable());
  }

  private static boolean isLocalAddress(Instruction at) {
    return at.opcode().equals("cvta") && at.has("local");
  }

  private boolean isDivergent(int block) {
    Block body = flow.blocks().get(block);
    var read = new ArrayList<Register>();
    if (body.terminator() instanceof Terminator.Branch branch) {
      read.add(branch.predicate().register());
    } else if (body.terminator() instanceof Terminator.Switch table) {
      if (!(table.index() instanceof Operand.Reg reg)) {
        return step(table.index()) != 0;
      }
      read.add(reg.register());
    }
    return read.stream().anyMatch(register -> steps[register.id()] != 0);
  }
}
