// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxType;
import io.remora.ptx.ir.Register;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Predicates that are known for a whole row of threads once they are known for its first and its
 * last one: those that all threads share, comparisons of 32-bit integers that change by constant
 * steps, and what is made of such by logic.
 */
final class RowGuards {
  private static final int MAX_DEPTH = 8;
  private static final Set<String> LOGIC = Set.of("and", "or", "xor", "not", "mov");
  private static final Set<String> RELATIONS =
      Set.of("eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs");

  private final RowSteps steps;
  private final Set<Instruction> seen = Collections.newSetFromMap(new IdentityHashMap<>());

  RowGuards(RowSteps steps) {
    this.steps = steps;
  }

  /** Notes an instruction that the row's ends run beforehand: only such can be relied on. */
  void see(Instruction at) {
    seen.add(at);
  }

  /** Whether the row's ends tell of the row. */
  boolean isKnown(Register predicate) {
    return isKnown(predicate, 0);
  }

  private boolean isKnown(Register predicate, int depth) {
    if (steps.of(predicate) == 0) {
      return true;
    }
    Instruction at = steps.definition(predicate);
    if (at == null || at.guard() != null || !seen.contains(at) || depth == MAX_DEPTH) {
      return false;
    }
    if (isComparison(at)) {
      return true;
    }
    return LOGIC.contains(at.opcode())
        && at.has("pred")
        && at.operands().stream()
            .skip(1)
            .allMatch(
                operand ->
                    operand instanceof Operand.Imm
                        || operand instanceof Operand.Reg reg
                            && isKnown(reg.register(), depth + 1));
  }

  /** Whether an instruction compares 32-bit integers that change by constant steps. */
  boolean isComparison(Instruction at) {
    return at.opcode().equals("setp")
        && at.operands().size() == 3
        && at.operands().get(0) instanceof Operand.Reg
        && at.types().size() == 1
        && at.types().get(0).bits() == 32
        && !at.types().get(0).isFloat()
        && at.modifiers().stream().anyMatch(RELATIONS::contains)
        && step(at.operands().get(1)) != RowSteps.VARYING
        && step(at.operands().get(2)) != RowSteps.VARYING
        && step(at.operands().get(1)) != step(at.operands().get(2));
  }

  /** Whether a comparison is one of equality, which may differ at one thread inside the row. */
  static boolean isEquality(Instruction comparison) {
    return comparison.has("eq") || comparison.has("ne");
  }

  static boolean isUnsigned(Instruction comparison) {
    PtxType type = comparison.types().get(0);
    return type == PtxType.U32
        || comparison.has("lo")
        || comparison.has("ls")
        || comparison.has("hi")
        || comparison.has("hs");
  }

  /** The step of an operand that is a register or a constant. */
  long step(Operand operand) {
    if (operand instanceof Operand.Reg reg) {
      return steps.of(reg.register());
    }
    return operand instanceof Operand.Imm ? 0 : RowSteps.VARYING;
  }

  /** What a predicate is for all but few threads, as far as its text tells; null if it doesn't. */
  @Nullable Boolean usual(Register predicate) {
    return usual(predicate, 0);
  }

  private @Nullable Boolean usual(Register predicate, int depth) {
    Instruction at = steps.definition(predicate);
    if (at == null || depth == MAX_DEPTH) {
      return null;
    }
    if (isComparison(at) && isEquality(at)) {
      return at.has("ne");
    }
    boolean isAnd = at.opcode().equals("and");
    if (!isAnd && !at.opcode().equals("or")) {
      return null;
    }
    for (Operand operand : at.operands().subList(1, at.operands().size())) {
      if (operand instanceof Operand.Reg reg) {
        Boolean one = usual(reg.register(), depth + 1);
        if (one != null && (one ^ reg.negated()) != isAnd) {
          return !isAnd;
        }
      }
    }
    return null;
  }
}
