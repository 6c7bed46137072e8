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
          "alloca",
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
          "createpolicy",
          "cvt",
          "cvta",
          "div",
          "dp2a",
          "dp4a",
          "ex2",
          "fma",
          "fns",
          "getctarank",
          "isspacep",
          "ld",
          "ldmatrix",
          "ldu",
          "lg2",
          "lop3",
          "mad",
          "mad24",
          "madc",
          "mapa",
          "match",
          "max",
          "min",
          "mma",
          "mov",
          "movmatrix",
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
          "stacksave",
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
          "vabsdiff2",
          "vabsdiff4",
          "vadd",
          "vadd2",
          "vadd4",
          "vavrg2",
          "vavrg4",
          "vmax2",
          "vmax4",
          "vmin2",
          "vmin4",
          "vote",
          "vset2",
          "vset4",
          "vshl",
          "vshr",
          "vsub",
          "vsub2",
          "vsub4",
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
          "cp",
          "discard",
          "exit",
          "fence",
          "griddepcontrol",
          "mbarrier",
          "membar",
          "nanosleep",
          "pmevent",
          "prefetch",
          "prefetchu",
          "red",
          "ret",
          "setmaxnreg",
          "st",
          "stackrestore",
          "stmatrix",
          "sust",
          "trap",
          "applypriority",
          "wmma");

  private static final Set<String> WARP_OPERATIONS =
      Set.of(
          "shfl",
          "vote",
          "match",
          "redux",
          "activemask",
          "elect",
          "mma",
          "ldmatrix",
          "stmatrix",
          "movmatrix");

  private static final Set<String> MBARRIER_WITH_RESULT =
      Set.of("arrive", "arrive_drop", "test_wait", "try_wait", "pending_count");

  /** Reads the outcome of a suspension; made by the compiler, can't be written in PTX. */
  public static final String RESULT = "%result";

  /** Reads the predicate outcome of a suspension; made by the compiler. */
  public static final String RESULT_PREDICATE = "%resultpred";

  /** Reads the registers that a matrix instruction has left; made by the compiler. */
  public static final String RESULT_FRAGMENT = "%fragment";

  private Opcodes() {}

  /** Whether PTX text may use this opcode. */
  public static boolean isKnown(String opcode) {
    return WRITING.contains(opcode) || OTHERS.contains(opcode);
  }

  /** Whether threads wait for one another here. */
  public static boolean suspends(Instruction instruction) {
    String opcode = instruction.opcode();
    return switch (opcode) {
      case "bar", "nanosleep" -> true;
      case "barrier" -> !instruction.has("cluster") || !instruction.has("arrive");
      case "wmma" -> instruction.has("mma");
      default -> WARP_OPERATIONS.contains(opcode);
    };
  }

  /** Whether other threads should go first, because this thread may ask again and again. */
  public static boolean givesWay(Instruction instruction) {
    return instruction.opcode().equals("mbarrier")
        && (instruction.has("test_wait") || instruction.has("try_wait"));
  }

  /** Whether the whole warp multiplies, loads or stores a matrix. */
  public static boolean isMatrix(Instruction instruction) {
    return switch (instruction.opcode()) {
      case "mma", "ldmatrix", "stmatrix", "movmatrix" -> true;
      case "wmma" -> instruction.has("mma");
      default -> false;
    };
  }

  /** Whether the first operand is written. */
  public static boolean writes(Instruction instruction) {
    String opcode = instruction.opcode();
    return switch (opcode) {
      case RESULT, RESULT_PREDICATE, RESULT_FRAGMENT -> true;
      case "bar", "barrier" -> instruction.has("red");
      case "wmma" -> !instruction.has("store");
      case "mbarrier" -> instruction.modifiers().stream().anyMatch(MBARRIER_WITH_RESULT::contains);
      default -> WRITING.contains(opcode);
    };
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
