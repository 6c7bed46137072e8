// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.Operand.Imm;
import io.remora.ptx.ir.PtxType;
import org.objectweb.asm.Label;
import org.objectweb.asm.Opcodes;

/** Logic, shifts and bit fields (PTX ISA 9.7.1 and 9.7.8). */
final class LogicOps {
  private LogicOps() {}

  /** Bits as the unsigned number of the same width: logic makes a register an integer. */
  static PtxType unsigned(PtxType type) {
    return switch (type) {
      case B16, S16 -> PtxType.U16;
      case B32, S32 -> PtxType.U32;
      case B64, S64 -> PtxType.U64;
      default -> type;
    };
  }

  static void and(Instruction at, Code code) throws PtxException {
    binary(at, code, Opcodes.IAND);
  }

  static void or(Instruction at, Code code) throws PtxException {
    binary(at, code, Opcodes.IOR);
  }

  static void xor(Instruction at, Code code) throws PtxException {
    binary(at, code, Opcodes.IXOR);
  }

  private static void binary(Instruction at, Code code, int opcode) throws PtxException {
    PtxType type = unsigned(at.type(0));
    code.push(at, 1, type);
    code.push(at, 2, type);
    code.op(IntegerOps.forKind(opcode, type));
    code.store(at, 0, type);
  }

  static void not(Instruction at, Code code) throws PtxException {
    PtxType type = unsigned(at.type(0));
    code.push(at, 1, type);
    if (type == PtxType.PRED) {
      code.constant(1);
    } else if (Kind.of(type) == Kind.LONG) {
      code.constant(-1L);
    } else {
      code.constant(-1);
    }
    code.op(IntegerOps.forKind(Opcodes.IXOR, type));
    code.store(at, 0, type);
  }

  static void cnot(Instruction at, Code code) throws PtxException {
    PtxType type = unsigned(at.type(0));
    Label zero = new Label();
    Label end = new Label();
    code.push(at, 1, type);
    if (Kind.of(type) == Kind.LONG) {
      code.constant(0L);
      code.op(Opcodes.LCMP);
    }
    code.jump(Opcodes.IFEQ, zero);
    code.constant(0);
    code.jump(Opcodes.GOTO, end);
    code.label(zero);
    code.constant(1);
    code.label(end);
    if (Kind.of(type) == Kind.LONG) {
      code.op(Opcodes.I2L);
    }
    code.store(at, 0, type);
  }

  static void shl(Instruction at, Code code) throws PtxException {
    shift(at, code, "Shifts.shlB" + at.type(0).bits(), Opcodes.ISHL);
  }

  static void shr(Instruction at, Code code) throws PtxException {
    PtxType type = at.type(0);
    shift(
        at,
        code,
        "Shifts.shr" + IntegerOps.suffix(type),
        type.isSigned() ? Opcodes.ISHR : Opcodes.IUSHR);
  }

  private static void shift(Instruction at, Code code, String name, int opcode)
      throws PtxException {
    PtxType type = at.type(0).isSigned() ? at.type(0) : unsigned(at.type(0));
    code.push(at, 1, type);
    Operand amount = Code.operand(at, 2);
    if (amount instanceof Imm imm && imm.bits() >= 0 && imm.bits() < type.bits()) {
      code.constant((int) imm.bits());
      code.op(IntegerOps.forKind(opcode, type));
    } else {
      code.push(at, amount, PtxType.U32);
      code.call(at, name);
    }
    code.store(at, 0, type);
  }

  static void shf(Instruction at, Code code) throws PtxException {
    code.push(at, 1, PtxType.U32);
    code.push(at, 2, PtxType.U32);
    code.push(at, 3, PtxType.U32);
    String mode = at.has("clamp") ? "Clamp" : "Wrap";
    code.call(at, "Shifts.shf" + (at.has("l") ? "Left" : "Right") + mode);
    code.store(at, 0, PtxType.U32);
  }

  static void prmt(Instruction at, Code code) throws PtxException {
    String mode =
        at.has("f4e")
            ? "Forward4Extract"
            : at.has("b4e")
                ? "Backward4Extract"
                : at.has("rc8")
                    ? "Replicate8"
                    : at.has("ecl")
                        ? "EdgeClampLeft"
                        : at.has("ecr") ? "EdgeClampRight" : at.has("rc16") ? "Replicate16" : "";
    for (int i = 1; i <= 3; i++) {
      code.push(at, i, PtxType.U32);
    }
    code.call(at, "Bytes.prmt" + mode);
    code.store(at, 0, PtxType.U32);
  }

  static void bfe(Instruction at, Code code) throws PtxException {
    PtxType type = at.type(0);
    code.push(at, 1, type);
    IntegerOps.pushAmount(at, 2, code);
    IntegerOps.pushAmount(at, 3, code);
    code.call(at, "BitFields.bfe" + IntegerOps.suffix(type));
    code.store(at, 0, type);
  }

  static void bfi(Instruction at, Code code) throws PtxException {
    PtxType type = unsigned(at.type(0));
    code.push(at, 1, type);
    code.push(at, 2, type);
    IntegerOps.pushAmount(at, 3, code);
    IntegerOps.pushAmount(at, 4, code);
    code.call(at, "BitFields.bfiB" + type.bits());
    code.store(at, 0, type);
  }

  static void bfind(Instruction at, Code code) throws PtxException {
    PtxType type = at.type(0);
    code.push(at, 1, type);
    String shift = at.has("shiftamt") ? "Shift" : "";
    code.call(at, "BitFields.bfind" + shift + IntegerOps.suffix(type));
    code.store(at, 0, PtxType.U32);
  }

  static void popc(Instruction at, Code code) throws PtxException {
    count(at, code, "bitCount");
  }

  static void clz(Instruction at, Code code) throws PtxException {
    count(at, code, "numberOfLeadingZeros");
  }

  private static void count(Instruction at, Code code, String name) throws PtxException {
    PtxType type = unsigned(at.type(0));
    code.push(at, 1, type);
    boolean isLong = type.bits() == 64;
    code.call(isLong ? "java/lang/Long" : "java/lang/Integer", name, isLong ? "(J)I" : "(I)I");
    code.store(at, 0, PtxType.U32);
  }

  static void brev(Instruction at, Code code) throws PtxException {
    PtxType type = unsigned(at.type(0));
    code.push(at, 1, type);
    boolean isLong = type.bits() == 64;
    code.call(isLong ? "java/lang/Long" : "java/lang/Integer", "reverse", isLong ? "(J)J" : "(I)I");
    code.store(at, 0, type);
  }

  static void fns(Instruction at, Code code) throws PtxException {
    code.push(at, 1, PtxType.U32);
    code.push(at, 2, PtxType.U32);
    code.push(at, 3, PtxType.S32);
    code.call(at, "BitFields.fnsB32");
    code.store(at, 0, PtxType.U32);
  }

  static void bmsk(Instruction at, Code code) throws PtxException {
    code.push(at, 1, PtxType.U32);
    code.push(at, 2, PtxType.U32);
    code.call(at, "BitFields.bmsk" + (at.has("clamp") ? "Clamp" : "Wrap"));
    code.store(at, 0, PtxType.U32);
  }

  static void szext(Instruction at, Code code) throws PtxException {
    PtxType type = at.type(0);
    code.push(at, 1, type);
    code.push(at, 2, PtxType.U32);
    String mode = at.has("clamp") ? "Clamp" : "Wrap";
    code.call(at, "BitFields.szext" + mode + IntegerOps.suffix(type));
    code.store(at, 0, type);
  }

  /** {@code lop3}: common tables become plain logic, the others go to the library. */
  static void lop3(Instruction at, Code code) throws PtxException {
    if (at.modifiers().size() != 1) {
      throw at.unsupported("only lop3.b32 is implemented");
    }
    if (!(Code.operand(at, 4) instanceof Imm table)) {
      throw at.syntax("the table of lop3 must be a constant");
    }
    int[][] steps = TernaryLogic.steps((int) table.bits() & 0xff);
    if (steps.length > 0) {
      for (int[] step : steps) {
        if (step[0] < 3) {
          code.push(at, 1 + step[0], PtxType.U32);
        } else {
          code.op(step[0]);
        }
      }
    } else {
      for (int i = 1; i <= 3; i++) {
        code.push(at, i, PtxType.U32);
      }
      code.constant((int) table.bits() & 0xff);
      code.call(at, "Bytes.lop3");
    }
    code.store(at, 0, PtxType.U32);
  }
}
