// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.ir;

import java.util.List;

/** One operand of an instruction. */
public sealed interface Operand {

  /**
   * A register; negated only as a predicate source.
   *
   * @param register the register
   * @param negated whether {@code !} stands before it
   */
  record Reg(Register register, boolean negated) implements Operand {}

  /**
   * A constant.
   *
   * @param bits two's complement value; for floating point the bits of a double if {@code kind} is
   *     {@link Kind#F64}, or of a float in the low half if it is {@link Kind#F32}
   * @param kind how it was written
   */
  record Imm(long bits, Kind kind) implements Operand {
    /** How a constant was written. */
    public enum Kind {
      INTEGER,
      F32,
      F64
    }
  }

  /**
   * The address of a variable in its own space.
   *
   * @param variable the variable
   * @param offset bytes beyond its start
   * @param generic whether the generic address is meant
   */
  record Symbol(Variable variable, long offset, boolean generic) implements Operand {}

  /**
   * The address of a function.
   *
   * @param name its symbol
   */
  record Function(String name) implements Operand {}

  /**
   * A label, or the name of a table of labels or of a call prototype.
   *
   * @param name as written
   */
  record Label(String name) implements Operand {}

  /**
   * A special register.
   *
   * @param name with the percent sign and the component, such as {@code %tid.x}
   */
  record Special(String name) implements Operand {}

  /**
   * A memory operand in brackets.
   *
   * @param base a register, a symbol or a constant
   * @param offset bytes added to it
   */
  record Address(Operand base, long offset) implements Operand {}

  /**
   * Several operands in braces, or in parentheses around the arguments of a call.
   *
   * @param elements the operands in order
   */
  record Group(List<Operand> elements) implements Operand {}

  /**
   * Two destinations, {@code d|p}.
   *
   * @param first the one before the bar
   * @param second the one after it
   */
  record Pair(Operand first, Operand second) implements Operand {}

  /** {@code _}: a result that nobody wants. */
  record Sink() implements Operand {}
}
