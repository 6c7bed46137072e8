// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.ir;

import io.remora.ptx.PtxException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One instruction.
 *
 * @param opcode the word before the first dot
 * @param modifiers the words after the dots, in order
 * @param guard the predicate before it, or null
 * @param operands the operands in order
 * @param line line in the text, from 1
 * @param column column in the line, from 1
 * @param sourceLine line in the source file from {@code .loc}, or 0
 */
public record Instruction(
    String opcode,
    List<String> modifiers,
    Operand.@Nullable Reg guard,
    List<Operand> operands,
    int line,
    int column,
    int sourceLine) {

  /** Whether this modifier is there. */
  public boolean has(String modifier) {
    return modifiers.contains(modifier);
  }

  /** The types among the modifiers, in order. */
  public List<PtxType> types() {
    var types = new ArrayList<PtxType>(2);
    for (String modifier : modifiers) {
      PtxType type = PtxType.named(modifier);
      if (type != null) {
        types.add(type);
      }
    }
    return types;
  }

  /** The n-th type among the modifiers, from 0. */
  public PtxType type(int n) throws PtxException {
    List<PtxType> types = types();
    if (n < 0 || n >= types.size()) {
      throw syntax("a type is missing after " + name());
    }
    return types.get(n);
  }

  /** Opcode and modifiers as written. */
  public String name() {
    return modifiers.isEmpty() ? opcode : opcode + "." + String.join(".", modifiers);
  }

  /** A copy with other operands. */
  public Instruction withOperands(List<Operand> others, Operand.@Nullable Reg otherGuard) {
    return new Instruction(opcode, modifiers, otherGuard, others, line, column, sourceLine);
  }

  /** A copy with other modifiers. */
  public Instruction with(List<String> others) {
    return new Instruction(opcode, others, guard, operands, line, column, sourceLine);
  }

  /** Says that this instruction can't be right. */
  public PtxException syntax(String detail) {
    return new PtxException(PtxException.Kind.SYNTAX, line, column, detail);
  }

  /** Says that this instruction is beyond this engine. */
  public PtxException unsupported(String detail) {
    return new PtxException(
        PtxException.Kind.UNSUPPORTED, line, column, name() + " is not supported: " + detail);
  }
}
