// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.PtxType;
import org.objectweb.asm.Opcodes;

/**
 * Extended-precision arithmetic (PTX ISA 9.7.2). The carry lives in a JVM local of the method; like
 * the manual's condition code register it is not kept over suspensions and calls.
 */
final class CarryOps {
  private CarryOps() {}

  static void addc(Instruction at, Code code) throws PtxException {
    addOrSubtract(at, code, true, false);
  }

  static void subc(Instruction at, Code code) throws PtxException {
    addOrSubtract(at, code, true, true);
  }

  static void madc(Instruction at, Code code) throws PtxException {
    multiplyAdd(at, code, true);
  }

  static void addOrSubtract(Instruction at, Code code, boolean carryIn, boolean subtract)
      throws PtxException {
    PtxType type = at.type(0);
    code.push(at, 1, type);
    code.push(at, 2, type);
    finish(at, code, type, carryIn, subtract);
  }

  static void multiplyAdd(Instruction at, Code code, boolean carryIn) throws PtxException {
    PtxType type = at.type(0);
    code.push(at, 1, type);
    code.push(at, 2, type);
    if (at.has("hi")) {
      code.call(at, "WideMultiply.mulHi" + IntegerOps.suffix(type));
    } else {
      code.op(IntegerOps.forKind(Opcodes.IMUL, type));
    }
    code.push(at, 3, type);
    finish(at, code, type, carryIn, false);
  }

  /** Both terms are on the stack. */
  private static void finish(
      Instruction at, Code code, PtxType type, boolean carryIn, boolean subtract)
      throws PtxException {
    IntegerOps.require(at, type.bits() >= 32);
    Kind kind = Kind.of(type);
    int b = code.locals.temporary(2);
    int a = code.locals.temporary(2);
    int carry = code.locals.carry();
    code.method.visitVarInsn(kind.store, b);
    code.method.visitVarInsn(kind.store, a);
    int opcode = IntegerOps.forKind(subtract ? Opcodes.ISUB : Opcodes.IADD, type);
    code.method.visitVarInsn(kind.load, a);
    code.method.visitVarInsn(kind.load, b);
    code.op(opcode);
    if (carryIn) {
      pushCarry(code, carry, subtract);
      if (kind == Kind.LONG) {
        code.op(Opcodes.I2L);
      }
      code.op(opcode);
    }
    if (at.has("cc")) {
      code.method.visitVarInsn(kind.load, a);
      code.method.visitVarInsn(kind.load, b);
      if (carryIn) {
        pushCarry(code, carry, subtract);
      } else {
        code.constant(0);
      }
      code.call(at, "Carry." + (subtract ? "subBorrow" : "addCarry") + type.bits());
      invertIf(subtract, code);
      code.method.visitVarInsn(Opcodes.ISTORE, carry);
    }
    code.store(at, 0, type);
  }

  /**
   * Pushes what a sum or a difference takes in. The flag is that of {@code a + ~b + 1} after a
   * subtraction: set if nothing was borrowed. The division of 128-bit integers that nvcc emits
   * depends on it, by reading the flag of a subtraction with {@code addc}.
   */
  private static void pushCarry(Code code, int carry, boolean subtract) {
    code.method.visitVarInsn(Opcodes.ILOAD, carry);
    invertIf(subtract, code);
  }

  private static void invertIf(boolean inverted, Code code) {
    if (inverted) {
      code.constant(1);
      code.op(Opcodes.IXOR);
    }
  }
}
