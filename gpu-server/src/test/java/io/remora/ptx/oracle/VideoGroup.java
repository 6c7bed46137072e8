// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.PtxType;
import java.math.BigInteger;

/** The SIMD video instructions on halves and bytes (PTX ISA 9.7.15.2). */
final class VideoGroup implements Group {
  @Override
  public boolean execute(Instruction at, Lane lane) {
    String opcode = at.opcode();
    boolean isVideo = opcode.startsWith("v") && (opcode.endsWith("2") || opcode.endsWith("4"));
    if (!isVideo) {
      return false;
    }
    int lanes = opcode.charAt(opcode.length() - 1) - '0';
    int bits = 32 / lanes;
    boolean isSet = opcode.startsWith("vset");
    int first = at.types().size() - 2;
    PtxType result = part(isSet ? PtxType.U32 : at.types().get(0), bits);
    BigInteger sum = lane.integer(at, 3, PtxType.S32);
    long packed = 0;
    for (int i = 0; i < lanes; i++) {
      BigInteger a = part(at, lane, 1, at.types().get(first), bits, i);
      BigInteger b = part(at, lane, 2, at.types().get(first + 1), bits, i);
      BigInteger value = compute(at, opcode.substring(0, opcode.length() - 1), a, b);
      if (at.has("sat")) {
        value = IntegerGroup.clamp(value, result);
      }
      sum = sum.add(value);
      packed |= (value.longValue() & Lane.mask(bits)) << bits * i;
    }
    lane.store(at, at.has("add") ? sum.longValue() : packed);
    return true;
  }

  private static PtxType part(PtxType type, int bits) {
    PtxType part = PtxType.named((type.isSigned() ? "s" : "u") + bits);
    if (part == null) {
      throw new AssertionError(type);
    }
    return part;
  }

  private static BigInteger part(
      Instruction at, Lane lane, int operand, PtxType type, int bits, int index) {
    return Lane.integer(lane.bits(at, operand, PtxType.B32) >>> bits * index, part(type, bits));
  }

  private static BigInteger compute(Instruction at, String name, BigInteger a, BigInteger b) {
    return switch (name) {
      case "vadd" -> a.add(b);
      case "vsub" -> a.subtract(b);
      case "vmin" -> a.min(b);
      case "vmax" -> a.max(b);
      case "vabsdiff" -> a.subtract(b).abs();
      case "vavrg" -> {
        BigInteger sum = a.add(b);
        // Rounded away from zero.
        yield sum.add(sum.signum() >= 0 ? BigInteger.ONE : BigInteger.ZERO).shiftRight(1);
      }
      default -> holds(at, a.compareTo(b)) ? BigInteger.ONE : BigInteger.ZERO;
    };
  }

  private static boolean holds(Instruction at, int order) {
    return at.has("eq") && order == 0
        || at.has("ne") && order != 0
        || at.has("lt") && order < 0
        || at.has("le") && order <= 0
        || at.has("gt") && order > 0
        || at.has("ge") && order >= 0;
  }
}
