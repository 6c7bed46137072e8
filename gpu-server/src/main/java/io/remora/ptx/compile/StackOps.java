// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxFunction;
import io.remora.ptx.ir.PtxType;

/**
 * {@code alloca}, {@code stacksave} and {@code stackrestore} (PTX ISA 9.7.12): the upper part of a
 * thread's local memory is its stack.
 */
final class StackOps {
  private static final int ALIGNMENT = 16;

  private StackOps() {}

  static boolean takes(PtxFunction function) {
    return function.code().stream().anyMatch(at -> at.opcode().equals("alloca"));
  }

  static void alloca(Instruction at, Code code) throws PtxException {
    int alignment = ALIGNMENT;
    if (at.operands().size() > 2) {
      boolean fits =
          at.operands().get(2) instanceof Operand.Imm imm
              && Long.bitCount(imm.bits()) == 1
              && imm.bits() > 0
              && imm.bits() <= 1 << 16;
      if (!fits) {
        throw at.syntax("the alignment of alloca must be a power of two up to 65536");
      }
      alignment = (int) Math.max(ALIGNMENT, ((Operand.Imm) at.operands().get(2)).bits());
    }
    code.context();
    code.thread();
    code.push(at, 1, PtxType.U64);
    code.constant(alignment);
    code.contextCall("takeStack", "(IJI)J");
    code.store(at, 0, PtxType.U64);
  }

  static void save(Instruction at, Code code) throws PtxException {
    pushTop(code);
    code.store(at, 0, PtxType.U64);
  }

  static void restore(Instruction at, Code code) throws PtxException {
    code.context();
    code.thread();
    code.push(at, 0, PtxType.U64);
    code.contextCall("setStackTop", "(IJ)V");
  }

  /** Pushes the place where the thread's next {@code alloca} begins. */
  static void pushTop(Code code) {
    code.context();
    code.thread();
    code.contextCall("stackTop", "(I)J");
  }
}
