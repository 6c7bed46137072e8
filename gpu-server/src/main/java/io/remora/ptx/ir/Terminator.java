// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.ir;

import java.util.List;

/** How a basic block ends; blocks are named by their index in the graph. */
public sealed interface Terminator {

  /** Goes on at one block. */
  record Jump(int target) implements Terminator {}

  /** Goes on at {@code target} if the predicate holds, else at {@code otherwise}. */
  record Branch(Operand.Reg predicate, int target, int otherwise) implements Terminator {}

  /**
   * Goes on at the block of this index; an index out of range is a fault.
   *
   * @param at the instruction, for messages
   */
  record Switch(Operand index, List<Integer> targets, Instruction at) implements Terminator {}

  /** Returns from a device function; in a kernel the thread ends. */
  record Return() implements Terminator {}

  /** The thread ends, however deep in calls it is. */
  record Exit() implements Terminator {}

  /** The thread waits for others and goes on at {@code resume}. */
  record Suspend(Instruction at, int resume) implements Terminator {}

  /** Blocks that may come next. */
  default List<Integer> successors() {
    if (this instanceof Jump jump) {
      return List.of(jump.target());
    } else if (this instanceof Branch branch) {
      return List.of(branch.target(), branch.otherwise());
    } else if (this instanceof Switch table) {
      return table.targets();
    } else if (this instanceof Suspend suspend) {
      return List.of(suspend.resume());
    }
    return List.of();
  }

  /** Registers read. */
  default List<Register> uses() {
    if (this instanceof Branch branch) {
      return List.of(branch.predicate().register());
    } else if (this instanceof Switch table && table.index() instanceof Operand.Reg reg) {
      return List.of(reg.register());
    } else if (this instanceof Suspend suspend) {
      return Opcodes.uses(suspend.at());
    }
    return List.of();
  }
}
