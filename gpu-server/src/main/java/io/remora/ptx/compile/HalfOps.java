// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.PtxType;

/**
 * Arithmetic of {@code .f16}, {@code .bf16} and their pairs (PTX ISA 9.7.4), kept as bits in ints.
 */
final class HalfOps {
  private HalfOps() {}

  static boolean isHalf(PtxType type) {
    return switch (type) {
      case F16, BF16, F16X2, BF16X2 -> true;
      default -> false;
    };
  }

  static void unary(Instruction at, Code code) throws PtxException {
    emit(at, code, at.opcode(), 1);
  }

  static void binary(Instruction at, Code code) throws PtxException {
    emit(at, code, at.opcode() + (at.has("NaN") ? "Nan" : ""), 2);
  }

  static void fma(Instruction at, Code code) throws PtxException {
    emit(at, code, "fma", 3);
  }

  private static void emit(Instruction at, Code code, String name, int operands)
      throws PtxException {
    PtxType type = at.type(0);
    IntegerOps.require(at, !at.has("xorsign") && !FloatOps.isDirected(at));
    boolean pair = type == PtxType.F16X2 || type == PtxType.BF16X2;
    boolean isF16 = type == PtxType.F16 || type == PtxType.F16X2;
    for (int i = 1; i <= operands; i++) {
      code.push(at, i, type);
      flush(at, code, isF16, pair);
    }
    boolean sign = name.equals("abs") || name.equals("neg");
    if (pair || !sign) {
      code.call(at, arithmetic(isF16) + name + (pair ? "X2" : ""));
    } else {
      code.call(at, (isF16 ? "Half." : "Bfloat.") + name);
    }
    flush(at, code, isF16, pair);
    for (String modifier : new String[] {"sat", "relu"}) {
      if (at.has(modifier)) {
        String function = modifier.equals("sat") ? "saturate" : "relu";
        code.call(
            at,
            pair ? arithmetic(isF16) + function + "X2" : (isF16 ? "Half." : "Bfloat.") + function);
      }
    }
    code.store(at, 0, type);
  }

  private static void flush(Instruction at, Code code, boolean isF16, boolean pair)
      throws PtxException {
    if (at.has("ftz")) {
      code.call(at, pair ? arithmetic(isF16) + "flushX2" : (isF16 ? "Half." : "Bfloat.") + "flush");
    }
  }

  private static String arithmetic(boolean isF16) {
    return isF16 ? "HalfArithmetic." : "BfloatArithmetic.";
  }
}
