// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxType;
import java.math.BigInteger;
import org.jspecify.annotations.Nullable;

/** One thread of a {@link Machine}: its registers as bits, and where it is. */
final class Lane {
  final int thread;
  final long[] registers;
  int next;
  boolean ended;

  /** What the thread waits at. */
  @Nullable Instruction waiting;

  /** Carry of extended-precision arithmetic. */
  boolean carry;

  private final Place place;

  /**
   * @param thread its number in the block
   * @param count registers of the kernel
   */
  Lane(int thread, Place place, int count) {
    this.thread = thread;
    this.place = place;
    this.registers = new long[count];
  }

  static long mask(int bits) {
    return -1L >>> (64 - bits);
  }

  /** The bits of an operand, cut to a type's width. */
  long bits(Operand operand, PtxType type) {
    if (operand instanceof Operand.Reg reg) {
      long value = registers[reg.register().id()];
      return (reg.negated() ? value ^ 1 : value) & mask(type.bits());
    } else if (operand instanceof Operand.Imm imm) {
      return immediate(imm, type) & mask(type.bits());
    } else if (operand instanceof Operand.Special special) {
      return special(special.name());
    }
    throw new AssertionError("operand " + operand);
  }

  private static long immediate(Operand.Imm imm, PtxType type) {
    if (imm.kind() == Operand.Imm.Kind.INTEGER || !type.isFloat()) {
      return imm.bits();
    }
    boolean single = imm.kind() == Operand.Imm.Kind.F32;
    if (type == PtxType.F32) {
      return single
          ? imm.bits()
          : Float.floatToRawIntBits((float) Double.longBitsToDouble(imm.bits()));
    }
    return single ? Double.doubleToRawLongBits(Float.intBitsToFloat((int) imm.bits())) : imm.bits();
  }

  private long special(String name) {
    return switch (name) {
      case "%tid.x" -> thread;
      case "%laneid" -> thread & 31;
      case "%ntid.x" -> place.threads();
      case "%nctaid.x" -> place.blocks();
      case "%ctaid.x" -> place.block();
      case "%tid.y", "%tid.z" -> 0;
      default -> throw new AssertionError(name);
    };
  }

  long bits(Instruction at, int operand, PtxType type) {
    return bits(at.operands().get(operand), type);
  }

  /** The number that an integer operand stands for. */
  BigInteger integer(Instruction at, int operand, PtxType type) {
    return integer(bits(at, operand, type), type);
  }

  static BigInteger integer(long bits, PtxType type) {
    var value = new BigInteger(Long.toUnsignedString(bits & mask(type.bits())));
    boolean negative = type.isSigned() && value.testBit(type.bits() - 1);
    return negative ? value.subtract(BigInteger.ONE.shiftLeft(type.bits())) : value;
  }

  /** Stores the low bits of a number; a wider register gets it extended as the type says. */
  void store(Instruction at, BigInteger value, PtxType type) {
    store(at.operands().get(0), integer(value.longValue(), type).longValue());
  }

  /** Stores bits. */
  void store(Operand destination, long value) {
    if (destination instanceof Operand.Reg reg) {
      registers[reg.register().id()] = value & mask(reg.register().type().bits());
    } else if (!(destination instanceof Operand.Sink)) {
      throw new AssertionError("destination " + destination);
    }
  }

  void store(Instruction at, long value) {
    store(at.operands().get(0), value);
  }
}
