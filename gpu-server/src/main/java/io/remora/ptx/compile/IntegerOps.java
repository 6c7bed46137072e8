// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxType;
import org.objectweb.asm.Opcodes;

/** Integer arithmetic (PTX ISA 9.7.1 and 9.7.2). */
final class IntegerOps {
  private IntegerOps() {}

  /** The JVM instruction for this type's kind, given the one for ints. */
  static int forKind(int intOpcode, PtxType type) {
    return intOpcode + (Kind.of(type) == Kind.LONG ? 1 : 0);
  }

  /** {@code U32}, {@code S64} and so on, as the libraries' names end. */
  static String suffix(PtxType type) {
    return (type.isSigned() ? "S" : "U") + type.bits();
  }

  static void add(Instruction at, Code code) throws PtxException {
    addOrSubtract(at, code, Opcodes.IADD, "IntegerMath.addSatS32");
  }

  static void sub(Instruction at, Code code) throws PtxException {
    addOrSubtract(at, code, Opcodes.ISUB, "IntegerMath.subSatS32");
  }

  private static void addOrSubtract(Instruction at, Code code, int opcode, String saturating)
      throws PtxException {
    PtxType type = at.type(0);
    if (at.has("cc")) {
      CarryOps.addOrSubtract(at, code, false, opcode == Opcodes.ISUB);
      return;
    }
    code.push(at, 1, type);
    code.push(at, 2, type);
    if (at.has("sat")) {
      require(at, type == PtxType.S32);
      code.call(at, saturating);
    } else if (type == PtxType.U16X2 || type == PtxType.S16X2) {
      require(at, opcode == Opcodes.IADD);
      code.call(at, "PackedIntegers.addX2");
    } else {
      code.op(forKind(opcode, type));
    }
    code.store(at, 0, type);
  }

  /**
   * {@code vadd}, {@code vsub}, {@code vshl} and {@code vshr} of whole words, as GCC and CUB use
   * them (PTX ISA 9.7.15.1).
   */
  static void scalarVideo(Instruction at, Code code) throws PtxException {
    for (PtxType type : at.types()) {
      require(at, type.bits() == 32);
    }
    code.push(at, 1, PtxType.B32);
    code.push(at, 2, PtxType.B32);
    if (at.has("wrap")) {
      code.constant(31);
      code.op(Opcodes.IAND);
    }
    switch (at.opcode()) {
      case "vadd" -> code.op(Opcodes.IADD);
      case "vsub" -> code.op(Opcodes.ISUB);
      case "vshl" -> code.call(at, "Shifts.shlB32");
      default -> code.call(at, "Shifts.shr" + suffix(at.type(1)));
    }
    if (at.has("add")) {
      code.push(at, 3, PtxType.B32);
      code.op(Opcodes.IADD);
    }
    code.store(at, 0, PtxType.B32);
  }

  static void mul(Instruction at, Code code) throws PtxException {
    PtxType type = at.type(0);
    code.push(at, 1, type);
    product(at, code, type);
    code.store(at, 0, at.has("wide") ? wide(at, type) : type);
  }

  /** The first factor is on the stack; pushes the second and multiplies. */
  private static void product(Instruction at, Code code, PtxType type) throws PtxException {
    if (at.has("wide")) {
      widen(code, type);
      code.push(at, 2, type);
      widen(code, type);
      code.op(type.bits() == 32 ? Opcodes.LMUL : Opcodes.IMUL);
      return;
    }
    code.push(at, 2, type);
    if (at.has("hi")) {
      code.call(at, "WideMultiply.mulHi" + suffix(type));
    } else {
      code.op(forKind(Opcodes.IMUL, type));
    }
  }

  private static void widen(Code code, PtxType type) {
    if (type.bits() == 32) {
      code.op(Opcodes.I2L);
      if (!type.isSigned()) {
        code.constant(0xffff_ffffL);
        code.op(Opcodes.LAND);
      }
    }
  }

  static PtxType wide(Instruction at, PtxType type) throws PtxException {
    return switch (type) {
      case S16 -> PtxType.S32;
      case U16 -> PtxType.U32;
      case S32 -> PtxType.S64;
      case U32 -> PtxType.U64;
      default -> throw at.syntax(".wide needs a type of 16 or 32 bits");
    };
  }

  static void mad(Instruction at, Code code) throws PtxException {
    PtxType type = at.type(0);
    if (at.has("cc")) {
      CarryOps.multiplyAdd(at, code, false);
      return;
    }
    PtxType result = at.has("wide") ? wide(at, type) : type;
    code.push(at, 1, type);
    if (at.has("sat")) {
      require(at, type == PtxType.S32 && at.has("hi"));
      code.push(at, 2, type);
      code.push(at, 3, type);
      code.call(at, "WideMultiply.madHiSatS32");
    } else {
      product(at, code, type);
      code.push(at, 3, result);
      code.op(forKind(Opcodes.IADD, result));
    }
    code.store(at, 0, result);
  }

  static void mul24(Instruction at, Code code) throws PtxException {
    PtxType type = at.type(0);
    code.push(at, 1, type);
    code.push(at, 2, type);
    code.call(at, "WideMultiply.mul24" + (at.has("hi") ? "Hi" : "Lo") + suffix(type));
    code.store(at, 0, type);
  }

  static void mad24(Instruction at, Code code) throws PtxException {
    PtxType type = at.type(0);
    code.push(at, 1, type);
    code.push(at, 2, type);
    if (at.has("sat")) {
      code.push(at, 3, type);
      code.call(at, "WideMultiply.mad24HiSatS32");
    } else {
      code.call(at, "WideMultiply.mul24" + (at.has("hi") ? "Hi" : "Lo") + suffix(type));
      code.push(at, 3, type);
      code.op(Opcodes.IADD);
    }
    code.store(at, 0, type);
  }

  static void sad(Instruction at, Code code) throws PtxException {
    ternary(at, code, "IntegerMath.sad" + suffix(at.type(0)));
  }

  private static void ternary(Instruction at, Code code, String name) throws PtxException {
    PtxType type = at.type(0);
    code.push(at, 1, type);
    code.push(at, 2, type);
    code.push(at, 3, type);
    code.call(at, name);
    code.store(at, 0, type);
  }

  static void div(Instruction at, Code code) throws PtxException {
    binary(at, code, "IntegerMath.div" + suffix(at.type(0)));
  }

  static void rem(Instruction at, Code code) throws PtxException {
    binary(at, code, "IntegerMath.rem" + suffix(at.type(0)));
  }

  private static void binary(Instruction at, Code code, String name) throws PtxException {
    PtxType type = at.type(0);
    code.push(at, 1, type);
    code.push(at, 2, type);
    code.call(at, name);
    code.store(at, 0, type);
  }

  static void min(Instruction at, Code code) throws PtxException {
    extremum(at, code, "min");
  }

  static void max(Instruction at, Code code) throws PtxException {
    extremum(at, code, "max");
  }

  private static void extremum(Instruction at, Code code, String name) throws PtxException {
    PtxType type = at.type(0);
    if (type == PtxType.U16X2 || type == PtxType.S16X2) {
      String relu = at.has("relu") ? "Relu" : "";
      binary(at, code, "PackedIntegers." + name + relu + suffixX2(type));
    } else if (at.has("relu")) {
      binary(at, code, "IntegerMath." + name + "Relu" + suffix(type));
    } else if (type == PtxType.S32) {
      binary(at, code, "Math." + name + "(II)");
    } else if (type == PtxType.S64) {
      binary(at, code, "Math." + name + "(JJ)");
    } else {
      binary(at, code, "IntegerMath." + name + suffix(type));
    }
  }

  private static String suffixX2(PtxType type) {
    return type == PtxType.U16X2 ? "U16X2" : "S16X2";
  }

  static void abs(Instruction at, Code code) throws PtxException {
    PtxType type = at.type(0);
    code.push(at, 1, type);
    switch (type) {
      case S16 -> code.call(at, "IntegerMath.absS16");
      case S32 -> code.call(at, "Math.abs(I)");
      case S64 -> code.call(at, "Math.abs(J)");
      default -> throw at.syntax("abs needs a signed type");
    }
    code.store(at, 0, type);
  }

  static void neg(Instruction at, Code code) throws PtxException {
    PtxType type = at.type(0);
    code.push(at, 1, type);
    code.op(forKind(Opcodes.INEG, type));
    code.store(at, 0, type);
  }

  static void dp4a(Instruction at, Code code) throws PtxException {
    dot(at, code, "Bytes.dp4a");
  }

  static void dp2a(Instruction at, Code code) throws PtxException {
    dot(at, code, "Bytes.dp2a" + (at.has("hi") ? "Hi" : "Lo"));
  }

  private static void dot(Instruction at, Code code, String name) throws PtxException {
    PtxType a = at.type(0);
    PtxType b = at.type(1);
    PtxType c = a.isSigned() || b.isSigned() ? PtxType.S32 : PtxType.U32;
    code.push(at, 1, a);
    code.push(at, 2, b);
    if (name.endsWith("Hi")) { // The upper two bytes of b, moved to where the library looks.
      code.constant(16);
      code.op(Opcodes.IUSHR);
      code.push(at, 3, c);
      code.call(at, "Bytes.dp2aLo" + suffix(a) + suffix(b));
    } else {
      code.push(at, 3, c);
      code.call(at, name + suffix(a) + suffix(b));
    }
    code.store(at, 0, c);
  }

  static void require(Instruction at, boolean holds) throws PtxException {
    if (!holds) {
      throw at.unsupported("this combination of modifiers and types is not implemented");
    }
  }

  /** Pushes a shift amount or bit position, which is always 32 bits. */
  static void pushAmount(Instruction at, int n, Code code) throws PtxException {
    Operand operand = Code.operand(at, n);
    code.push(at, operand, PtxType.U32);
  }
}
