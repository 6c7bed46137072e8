// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxType;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.util.List;

/** {@code atom} and {@code red} (PTX ISA 9.7.13): the interpreter runs one thread at a time. */
final class AtomicGroup {
  private AtomicGroup() {}

  /**
   * Executes an instruction.
   *
   * @param memory from the operand's address on
   * @param isShared whether that is shared memory, not global memory
   */
  static void execute(Instruction at, Lane lane, ByteBuffer memory, boolean isShared) {
    PtxType type = at.types().get(0);
    int first = at.opcode().equals("atom") ? 2 : 1;
    List<Operand> values = elements(at.operands().get(first));
    var before = new long[values.size()];
    for (int i = 0; i < before.length; i++) {
      before[i] = Machine.read(memory, type, i);
      long b = lane.bits(values.get(i), type);
      long c = at.has("cas") ? lane.bits(at, first + 1, type) : 0;
      long after =
          type == PtxType.F32
              ? floats(at, type, before[i], b, !isShared)
              : apply(at, type, before[i], b, c);
      Machine.write(memory, type, i, after);
    }
    if (at.opcode().equals("atom")) {
      List<Operand> results = elements(at.operands().get(0));
      for (int i = 0; i < before.length; i++) {
        lane.store(results.get(i), before[i]);
      }
    }
  }

  private static List<Operand> elements(Operand operand) {
    return operand instanceof Operand.Group group ? group.elements() : List.of(operand);
  }

  private static long apply(Instruction at, PtxType type, long old, long b, long c) {
    if (at.has("exch")) {
      return b;
    } else if (at.has("cas")) {
      return old == b ? c : old;
    } else if (at.has("and")) {
      return old & b;
    } else if (at.has("or")) {
      return old | b;
    } else if (at.has("xor")) {
      return old ^ b;
    } else if (!type.isInteger()) {
      return floats(at, type, old, b, false);
    }
    BigInteger x = Lane.integer(old, type);
    BigInteger y = Lane.integer(b, type);
    BigInteger result =
        at.has("add")
            ? x.add(y)
            : at.has("min")
                ? x.min(y)
                : at.has("max") ? x.max(y) : at.has("inc") ? incremented(x, y) : decremented(x, y);
    return result.longValue() & Lane.mask(type.bits());
  }

  private static BigInteger incremented(BigInteger x, BigInteger limit) {
    return x.compareTo(limit) >= 0 ? BigInteger.ZERO : x.add(BigInteger.ONE);
  }

  private static BigInteger decremented(BigInteger x, BigInteger limit) {
    return x.signum() == 0 || x.compareTo(limit) > 0 ? limit : x.subtract(BigInteger.ONE);
  }

  /** Additions of {@code .f32} in global memory flush subnormal numbers, all others keep them. */
  private static long floats(Instruction at, PtxType type, long old, long b, boolean flushes) {
    Format format = Format.of(type);
    long result = 0;
    for (int part = 0; part < type.bits(); part += format.bits()) {
      long x = old >>> part & Lane.mask(format.bits());
      long y = b >>> part & Lane.mask(format.bits());
      long one =
          !at.has("add")
              ? FloatGroup.extremum(x, y, format, at.has("min"), false)
              : flushes
                  ? format.flush(FloatGroup.sum(format.flush(x), format.flush(y), format, "rn"))
                  : FloatGroup.sum(x, y, format, "rn");
      result |= (one & Lane.mask(format.bits())) << part;
    }
    return result;
  }
}
