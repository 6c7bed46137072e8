// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.PtxType;
import java.util.List;

/** Logic, shifts and bit fields (PTX ISA 9.7.1 and 9.7.8), bit by bit. */
final class LogicGroup implements Group {
  private static final PtxType COUNT = PtxType.U32;

  @Override
  public boolean execute(Instruction at, Lane lane) {
    List<PtxType> types = at.types();
    PtxType type = types.isEmpty() ? PtxType.B32 : types.get(0);
    switch (at.opcode()) {
      case "and" -> lane.store(at, lane.bits(at, 1, type) & lane.bits(at, 2, type));
      case "or" -> lane.store(at, lane.bits(at, 1, type) | lane.bits(at, 2, type));
      case "xor" -> lane.store(at, lane.bits(at, 1, type) ^ lane.bits(at, 2, type));
      case "not" -> lane.store(at, ~lane.bits(at, 1, type) & Lane.mask(type.bits()));
      case "cnot" -> lane.store(at, lane.bits(at, 1, type) == 0 ? 1 : 0);
      case "mov" -> lane.store(at, lane.bits(at, 1, type));
      case "shl", "shr" -> shift(at, lane, type);
      case "shf" -> funnel(at, lane);
      case "lop3" -> lookUp(at, lane);
      case "prmt" -> permute(at, lane);
      case "popc" -> lane.store(at, Long.bitCount(lane.bits(at, 1, type)));
      case "clz" ->
          lane.store(at, Long.numberOfLeadingZeros(lane.bits(at, 1, type)) - 64 + type.bits());
      case "brev" -> lane.store(at, Long.reverse(lane.bits(at, 1, type)) >>> (64 - type.bits()));
      case "bfind" -> find(at, lane, type);
      case "bfe" -> extract(at, lane, type);
      case "bfi" -> insert(at, lane, type);
      default -> {
        return false;
      }
    }
    return true;
  }

  private static boolean bit(long value, long index) {
    return (value >>> index & 1) != 0;
  }

  /** Shifts beyond the width leave nothing, or copies of the sign. */
  private static void shift(Instruction at, Lane lane, PtxType type) {
    long count = Math.min(lane.bits(at, 2, COUNT), type.bits());
    var value = lane.integer(at, 1, type);
    lane.store(
        at,
        at.opcode().equals("shl") ? value.shiftLeft((int) count) : value.shiftRight((int) count),
        type);
  }

  private static void funnel(Instruction at, Lane lane) {
    long both = lane.bits(at, 2, COUNT) << 32 | lane.bits(at, 1, COUNT);
    long given = lane.bits(at, 3, COUNT);
    long count = at.has("clamp") ? Math.min(given, 32) : given & 31;
    lane.store(at, (at.has("l") ? both << count >>> 32 : both >>> count) & Lane.mask(32));
  }

  private static void lookUp(Instruction at, Lane lane) {
    long table = lane.bits(at, 4, COUNT);
    long result = 0;
    for (int i = 0; i < 32; i++) {
      int index = 0;
      for (int operand = 1; operand <= 3; operand++) {
        index = index * 2 + (bit(lane.bits(at, operand, COUNT), i) ? 1 : 0);
      }
      result |= bit(table, index) ? 1L << i : 0;
    }
    lane.store(at, result);
  }

  private static void permute(Instruction at, Lane lane) {
    long bytes = lane.bits(at, 2, COUNT) << 32 | lane.bits(at, 1, COUNT);
    long selectors = lane.bits(at, 3, COUNT);
    long result = 0;
    for (int i = 0; i < 4; i++) {
      long selector = selectors >>> 4 * i & 15;
      long chosen = bytes >>> 8 * (selector & 7) & 0xff;
      if (selector >= 8) {
        chosen = chosen >= 0x80 ? 0xff : 0;
      }
      result |= chosen << 8 * i;
    }
    lane.store(at, result);
  }

  private static void find(Instruction at, Lane lane, PtxType type) {
    long value = lane.bits(at, 1, type);
    if (type.isSigned() && bit(value, type.bits() - 1)) {
      value = ~value & Lane.mask(type.bits());
    }
    int highest = 63 - Long.numberOfLeadingZeros(value);
    boolean distance = at.has("shiftamt") && highest >= 0;
    lane.store(at, distance ? type.bits() - 1 - highest : highest);
  }

  private static void extract(Instruction at, Lane lane, PtxType type) {
    long value = lane.bits(at, 1, type);
    long position = lane.bits(at, 2, COUNT) & 0xff;
    long length = lane.bits(at, 3, COUNT) & 0xff;
    int top = type.bits() - 1;
    boolean fill =
        type.isSigned() && length > 0 && bit(value, Math.min(position + length - 1, top));
    long result = 0;
    for (int i = 0; i <= top; i++) {
      boolean inside = i < length && position + i <= top;
      if (inside ? bit(value, position + i) : fill) {
        result |= 1L << i;
      }
    }
    lane.store(at, result);
  }

  private static void insert(Instruction at, Lane lane, PtxType type) {
    long source = lane.bits(at, 1, type);
    long result = lane.bits(at, 2, type);
    long position = lane.bits(at, 3, COUNT) & 0xff;
    long length = lane.bits(at, 4, COUNT) & 0xff;
    for (long i = 0; i < length && position + i < type.bits(); i++) {
      result &= ~(1L << (position + i));
      result |= bit(source, i) ? 1L << (position + i) : 0;
    }
    lane.store(at, result);
  }
}
