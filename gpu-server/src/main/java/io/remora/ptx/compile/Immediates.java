// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand.Imm;
import io.remora.ptx.ir.PtxType;

/** Constants as the types of instructions see them. */
final class Immediates {
  private Immediates() {}

  static float asFloat(Instruction at, Imm imm) throws PtxException {
    return switch (imm.kind()) {
      case F32 -> Float.intBitsToFloat((int) imm.bits());
      case F64 -> (float) Double.longBitsToDouble(imm.bits());
      case INTEGER -> throw integer(at);
    };
  }

  static double asDouble(Instruction at, Imm imm) throws PtxException {
    return switch (imm.kind()) {
      case F32 -> Float.intBitsToFloat((int) imm.bits());
      case F64 -> Double.longBitsToDouble(imm.bits());
      case INTEGER -> throw integer(at);
    };
  }

  private static PtxException integer(Instruction at) {
    return at.syntax(at.name() + " needs a floating-point constant, such as 0f3F800000");
  }

  static int asInt(Instruction at, Imm imm, PtxType type) throws PtxException {
    if (type == PtxType.PRED) {
      return imm.bits() == 0 ? 0 : 1;
    }
    if (imm.kind() == Imm.Kind.F64) {
      throw at.syntax(at.name() + " needs a constant of " + type.bits() + " bits");
    }
    int bits = (int) imm.bits();
    return switch (type) {
      case S8 -> (byte) bits;
      case U8, B8 -> bits & 0xff;
      case S16 -> (short) bits;
      case U16, B16, F16, BF16 -> bits & 0xffff;
      default -> bits;
    };
  }
}
