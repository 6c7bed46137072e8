// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.PtxType;
import org.objectweb.asm.Opcodes;

/** {@code cvt} to and from pairs of 16-bit and 8-bit floats. */
final class PackedConversions {
  private PackedConversions() {}

  static void emit(Instruction at, Code code, PtxType to, PtxType from) throws PtxException {
    switch (to) {
      case F16X2, BF16X2 -> {
        if (from == PtxType.F32) {
          pair(at, code, to == PtxType.F16X2 ? "Half." : "Bfloat.");
        } else if (to == PtxType.F16X2 && from == PtxType.E4M3X2) {
          unpack(at, code, "EightBitFloat.halvesFromE4m3X2");
        } else if (to == PtxType.F16X2 && from == PtxType.E5M2X2) {
          unpack(at, code, "EightBitFloat.halvesFromE5m2X2");
        } else if (to == PtxType.F16X2 && isTiny(from)) {
          code.push(at, 1, from == PtxType.E2M1X2 ? PtxType.U8 : PtxType.U16);
          code.call(at, "TinyFloat.halvesFrom" + tinyName(from));
          if (at.has("relu")) {
            code.call(at, "HalfArithmetic.reluX2");
          }
        } else {
          throw at.unsupported("this conversion");
        }
        code.store(at, 0, PtxType.U32);
      }
      case E4M3X2, E5M2X2 -> {
        String name = to == PtxType.E4M3X2 ? "E4m3X2" : "E5m2X2";
        if (from == PtxType.F32) {
          code.push(at, 1, PtxType.F32);
          code.push(at, 2, PtxType.F32);
          code.call(at, "EightBitFloat.pack" + (at.has("relu") ? "Relu" : "") + name);
        } else {
          IntegerOps.require(at, from == PtxType.F16X2);
          code.push(at, 1, PtxType.U32);
          if (at.has("relu")) {
            code.call(at, "HalfArithmetic.reluX2");
          }
          code.call(
              at,
              "EightBitFloat."
                  + Character.toLowerCase(name.charAt(0))
                  + name.substring(1)
                  + "FromHalves");
        }
        code.store(at, 0, PtxType.U16);
      }
      case E2M1X2, E2M3X2, E3M2X2 -> {
        IntegerOps.require(at, from == PtxType.F32);
        for (int operand = 1; operand <= 2; operand++) {
          code.push(at, operand, PtxType.F32);
          if (at.has("relu")) {
            code.call(at, "FloatModifiers.relu");
          }
        }
        code.call(at, "TinyFloat.pack" + tinyName(to));
        code.store(at, 0, to == PtxType.E2M1X2 ? PtxType.U8 : PtxType.U16);
      }
      default -> throw at.unsupported("this conversion");
    }
  }

  private static boolean isTiny(PtxType type) {
    return type == PtxType.E2M1X2 || type == PtxType.E2M3X2 || type == PtxType.E3M2X2;
  }

  private static String tinyName(PtxType type) {
    return switch (type) {
      case E2M1X2 -> "E2m1X2";
      case E2M3X2 -> "E2m3X2";
      default -> "E3m2X2";
    };
  }

  private static void unpack(Instruction at, Code code, String name) throws PtxException {
    code.push(at, 1, PtxType.U16);
    code.call(at, name);
    if (at.has("relu")) {
      code.call(at, "HalfArithmetic.reluX2");
    }
  }

  /** Two floats become one register; the first goes to the upper half. */
  private static void pair(Instruction at, Code code, String owner) throws PtxException {
    half(at, code, owner, 1);
    code.constant(16);
    code.op(Opcodes.ISHL);
    half(at, code, owner, 2);
    code.constant(0xffff);
    code.op(Opcodes.IAND);
    code.op(Opcodes.IOR);
  }

  private static void half(Instruction at, Code code, String owner, int operand)
      throws PtxException {
    code.push(at, operand, PtxType.F32);
    if (at.has("relu")) {
      code.call(at, "FloatModifiers.relu");
    }
    if (at.has("satfinite")) {
      code.call(at, owner + "fromFloatSatFinite");
    } else {
      code.call(at, owner + "fromFloat" + (at.has("rz") ? "Rz" : ""));
    }
  }
}
