// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.Operand.Reg;
import io.remora.ptx.ir.PtxType;
import java.util.List;
import org.objectweb.asm.Opcodes;

/** {@code mov}, with packing and unpacking (PTX ISA 9.7.9.4). */
final class MoveOps {
  private MoveOps() {}

  static void mov(Instruction at, Code code) throws PtxException {
    PtxType type = at.type(0);
    Operand destination = Code.operand(at, 0);
    Operand source = Code.operand(at, 1);
    if (source instanceof Operand.Group group) {
      pack(at, code, type, group.elements());
    } else if (destination instanceof Operand.Group group) {
      unpack(at, code, type, group.elements());
    } else {
      PtxType as = MemoryOps.carrier(code, destination, type);
      CompareOps.linkAll(at, code, 1);
      CompareOps.pushCarried(at, source, type, as, code);
      code.store(at, destination, as);
    }
  }

  private static PtxType element(Instruction at, PtxType type, int count) throws PtxException {
    return switch (type.bits() / Math.max(1, count)) {
      case 8 -> PtxType.U8;
      case 16 -> PtxType.U16;
      case 32 -> PtxType.U32;
      default -> throw at.unsupported("packing " + count + " elements");
    };
  }

  private static void pack(Instruction at, Code code, PtxType type, List<Operand> elements)
      throws PtxException {
    PtxType element = element(at, type, elements.size());
    boolean isLong = type.bits() == 64;
    for (int i = 0; i < elements.size(); i++) {
      code.push(at, elements.get(i), untyped(code, elements.get(i), element));
      code.convert(Kind.of(untyped(code, elements.get(i), element)), isLong ? Kind.LONG : Kind.INT);
      if (isLong && element == PtxType.U32) {
        code.constant(0xffff_ffffL);
        code.op(Opcodes.LAND);
      }
      if (i > 0) {
        code.constant(i * element.bits());
        code.op(isLong ? Opcodes.LSHL : Opcodes.ISHL);
        code.op(isLong ? Opcodes.LOR : Opcodes.IOR);
      }
    }
    Operand destination = Code.operand(at, 0);
    PtxType as = MemoryOps.carrier(code, destination, type);
    code.convert(isLong ? Kind.LONG : Kind.INT, Kind.of(as));
    code.store(at, destination, as);
  }

  /** The element as the register keeps it, so that its kind isn't voted on. */
  private static PtxType untyped(Code code, Operand operand, PtxType element) {
    if (element == PtxType.U32 && operand instanceof Reg) {
      return MemoryOps.carrier(code, operand, PtxType.B32);
    }
    return element;
  }

  private static void unpack(Instruction at, Code code, PtxType type, List<Operand> elements)
      throws PtxException {
    PtxType element = element(at, type, elements.size());
    boolean isLong = type.bits() == 64;
    PtxType source = MemoryOps.carrier(code, Code.operand(at, 1), type);
    Kind kind = isLong ? Kind.LONG : Kind.INT;
    code.push(at, 1, source);
    code.convert(Kind.of(source), kind);
    int bits = code.locals.temporary(2);
    code.method.visitVarInsn(kind.store, bits);
    for (int i = 0; i < elements.size(); i++) {
      code.method.visitVarInsn(kind.load, bits);
      if (i > 0) {
        code.constant(i * element.bits());
        code.op(isLong ? Opcodes.LUSHR : Opcodes.IUSHR);
      }
      if (isLong) {
        code.op(Opcodes.L2I);
      }
      code.extend(element, 32);
      PtxType as = untyped(code, elements.get(i), element);
      code.convert(Kind.INT, Kind.of(as));
      code.store(at, elements.get(i), as);
    }
  }
}
