// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.PtxType;
import java.math.BigInteger;
import java.util.List;

/** Integer arithmetic (PTX ISA 9.7.1 and 9.7.2): on numbers without limits, cut off at the end. */
final class IntegerGroup implements Group {
  @Override
  public boolean execute(Instruction at, Lane lane) {
    List<PtxType> types = at.types();
    if (types.isEmpty() || !types.get(0).isInteger()) {
      return false;
    }
    PtxType type = types.get(0);
    switch (at.opcode()) {
      case "add", "addc", "sub", "subc" -> sum(at, lane, type);
      case "mul", "mad", "mul24", "mad24" -> product(at, lane, type);
      case "div", "rem" -> quotient(at, lane, type);
      case "min", "max" -> {
        BigInteger a = lane.integer(at, 1, type);
        BigInteger b = lane.integer(at, 2, type);
        lane.store(at, at.opcode().equals("min") ? a.min(b) : a.max(b), type);
      }
      case "abs" -> lane.store(at, lane.integer(at, 1, type).abs(), type);
      case "neg" -> lane.store(at, lane.integer(at, 1, type).negate(), type);
      case "sad" -> {
        BigInteger a = lane.integer(at, 1, type);
        BigInteger b = lane.integer(at, 2, type);
        lane.store(at, a.subtract(b).abs().add(lane.integer(at, 3, type)), type);
      }
      case "dp4a" -> dot(at, lane);
      default -> {
        return false;
      }
    }
    return true;
  }

  private static void sum(Instruction at, Lane lane, PtxType type) {
    boolean extended = at.has("cc") || at.opcode().endsWith("c");
    BigInteger a = extended ? unsigned(at, lane, 1, type) : lane.integer(at, 1, type);
    BigInteger b = extended ? unsigned(at, lane, 2, type) : lane.integer(at, 2, type);
    BigInteger carried = at.opcode().endsWith("c") && lane.carry ? BigInteger.ONE : BigInteger.ZERO;
    BigInteger sum =
        at.opcode().startsWith("add") ? a.add(b).add(carried) : a.subtract(b).subtract(carried);
    if (at.has("cc")) {
      lane.carry = sum.signum() < 0 || sum.bitLength() > type.bits();
    }
    lane.store(at, at.has("sat") ? clamp(sum, type) : sum, type);
  }

  private static BigInteger unsigned(Instruction at, Lane lane, int operand, PtxType type) {
    return Lane.integer(
        lane.bits(at, operand, type), type.bits() == 32 ? PtxType.U32 : PtxType.U64);
  }

  static BigInteger clamp(BigInteger value, PtxType type) {
    int bits = type.isSigned() ? type.bits() - 1 : type.bits();
    BigInteger most = BigInteger.ONE.shiftLeft(bits).subtract(BigInteger.ONE);
    BigInteger least = type.isSigned() ? most.not() : BigInteger.ZERO;
    return value.max(least).min(most);
  }

  private static void product(Instruction at, Lane lane, PtxType type) {
    BigInteger a = lane.integer(at, 1, type);
    BigInteger b = lane.integer(at, 2, type);
    boolean short24 = at.opcode().endsWith("24");
    if (short24) {
      a = low24(a, type);
      b = low24(b, type);
    }
    BigInteger product = a.multiply(b);
    PtxType result = type;
    if (at.has("wide")) {
      result = wide(type);
    } else if (at.has("hi")) {
      product = product.shiftRight(short24 ? 16 : type.bits());
    }
    if (at.opcode().startsWith("mad")) {
      product = product.add(lane.integer(at, 3, result));
    }
    lane.store(at, product, result);
  }

  private static BigInteger low24(BigInteger value, PtxType type) {
    BigInteger low = value.and(BigInteger.valueOf(0xff_ffff));
    return type.isSigned() && low.testBit(23) ? low.subtract(BigInteger.ONE.shiftLeft(24)) : low;
  }

  private static PtxType wide(PtxType type) {
    return switch (type) {
      case S16 -> PtxType.S32;
      case U16 -> PtxType.U32;
      case S32 -> PtxType.S64;
      default -> PtxType.U64;
    };
  }

  private static void quotient(Instruction at, Lane lane, PtxType type) {
    BigInteger a = lane.integer(at, 1, type);
    BigInteger b = lane.integer(at, 2, type);
    lane.store(at, at.opcode().equals("div") ? a.divide(b) : a.remainder(b), type);
  }

  private static void dot(Instruction at, Lane lane) {
    PtxType a = at.types().get(0).isSigned() ? PtxType.S8 : PtxType.U8;
    PtxType b = at.types().get(1).isSigned() ? PtxType.S8 : PtxType.U8;
    BigInteger sum = lane.integer(at, 3, PtxType.S32);
    for (int i = 0; i < 4; i++) {
      BigInteger x = Lane.integer(lane.bits(at, 1, PtxType.B32) >>> 8 * i, a);
      BigInteger y = Lane.integer(lane.bits(at, 2, PtxType.B32) >>> 8 * i, b);
      sum = sum.add(x.multiply(y));
    }
    lane.store(at, sum, PtxType.S32);
  }
}
