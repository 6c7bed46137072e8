// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.ir;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What has to be known of an instruction to see what it reads, writes and waits for. */
public final class Opcodes {
  private static final Set<String> WRITING =
      Set.of(
          "abs",
          "activemask",
          "add",
          "addc",
          "and",
          "atom",
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
          "isspacep",
          "ld",
          "ldu",
          "lg2",
          "lop3",
          "mad",
          "mad24",
          "madc",
          "match",
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
          "redux",
          "rem",
          "rsqrt",
          "sad",
          "selp",
          "set",
          "setp",
          "shf",
          "shfl",
          "shl",
          "shr",
          "sin",
          "slct",
          "sqrt",
          "sub",
          "suld",
          "suq",
          "subc",
          "szext",
          "tanh",
          "tex",
          "testp",
          "tld4",
          "txq",
          "vote",
          "xor",
          "elect");

  private static final Set<String> OTHERS =
      Set.of(
          "bar",
          "barrier",
          "bra",
          "brkpt",
          "brx",
          "call",
          "discard",
          "exit",
          "fence",
          "griddepcontrol",
          "membar",
          "nanosleep",
          "pmevent",
          "prefetch",
          "prefetchu",
          "red",
          "ret",
          "st",
          "sust",
          "trap",
          "applypriority");

  private static final Set<String> WARP_OPERATIONS =
      Set.of("shfl", "vote", "match", "redux", "activemask", "elect");

  /** Reads the outcome of a suspension; made by the compiler, can't be written in PTX. */
  public static final String RESULT = "%result";

  /** Reads the predicate outcome of a suspension; made by the compiler. */
  public static final String RESULT_PREDICATE = "%resultpred";

  private Opcodes() {}

  /** Whether PTX text may use this opcode. */
  public static boolean isKnown(String opcode) {
    return WRITING.contains(opcode) || OTHERS.contains(opcode);
  }

  /** Whether threads wait for one another here. */
  public static boolean suspends(Instruction instruction) {
    String opcode = instruction.opcode();
    return WARP_OPERATIONS.contains(opcode)
        || opcode.equals("bar")
        || opcode.equals("barrier")
        || opcode.equals("nanosleep");
  }

  /** Whether the first operand is written. */
  public static boolean writes(Instruction instruction) {
    String opcode = instruction.opcode();
    return WRITING.contains(opcode)
        || opcode.equals(RESULT)
        || opcode.equals(RESULT_PREDICATE)
        || ((opcode.equals("bar") || opcode.equals("barrier")) && instruction.has("red"));
  }

  /** Registers written. */
  public static List<Register> definitions(Instruction instruction) {
    var registers = new ArrayList<Register>(2);
    if (writes(instruction) && !instruction.operands().isEmpty()) {
      collect(instruction.operands().get(0), registers);
    }
    return registers;
  }

  /** Registers read, the guard included. */
  public static List<Register> uses(Instruction instruction) {
    var registers = new ArrayList<Register>(4);
    if (instruction.guard() != null) {
      registers.add(instruction.guard().register());
    }
    List<Operand> operands = instruction.operands();
    for (int i = writes(instruction) ? 1 : 0; i < operands.size(); i++) {
      collect(operands.get(i), registers);
    }
    return registers;
  }

  /** Adds the registers of an operand. */
  static void collect(Operand operand, List<Register> registers) {
    if (operand instanceof Operand.Reg reg) {
      registers.add(reg.register());
    } else if (operand instanceof Operand.Group group) {
      group.elements().forEach(element -> collect(element, registers));
    } else if (operand instanceof Operand.Pair pair) {
      collect(pair.first(), registers);
      collect(pair.second(), registers);
    } else if (operand instanceof Operand.Address address) {
      collect(address.base(), registers);
    }
  }

  /** All opcodes that PTX text may use, sorted. */
  public static List<String> all() {
    var all = new ArrayList<>(WRITING);
    all.addAll(OTHERS);
    all.sort(null);
    return all;
  }
}
