// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.PtxType;
import java.util.List;
import java.util.Set;

/** {@code setp}, {@code set}, {@code selp} and {@code slct} (PTX ISA 9.7.6 and 9.7.7). */
final class CompareGroup implements Group {
  private static final Set<String> RELATIONS =
      Set.of(
          "eq", "ne", "lt", "le", "gt", "ge", "lo", "ls", "hi", "hs", "equ", "neu", "ltu", "leu",
          "gtu", "geu", "num", "nan");

  @Override
  public boolean execute(Instruction at, Lane lane) {
    List<PtxType> types = at.types();
    switch (at.opcode()) {
      case "setp" -> setPredicate(at, lane, types.get(0));
      case "set" -> {
        boolean holds = compare(at, lane, types.get(1));
        boolean isFloat = types.get(0) == PtxType.F32;
        lane.store(at, !holds ? 0 : isFloat ? Format.F32.one() : Lane.mask(32));
      }
      case "selp" -> lane.store(at, lane.bits(at, choice(at, lane) ? 1 : 2, types.get(0)));
      case "slct" -> {
        PtxType by = types.get(1);
        long c = lane.bits(at, 3, by);
        boolean first =
            by == PtxType.S32
                ? (int) c >= 0
                : !Format.F32.isNan(c) && (!Format.F32.isNegative(c) || Format.F32.isZero(c));
        lane.store(at, lane.bits(at, first ? 1 : 2, types.get(0)));
      }
      default -> {
        return false;
      }
    }
    return true;
  }

  private static boolean choice(Instruction at, Lane lane) {
    return lane.bits(at, 3, PtxType.PRED) != 0;
  }

  private static void setPredicate(Instruction at, Lane lane, PtxType type) {
    boolean holds = compare(at, lane, type);
    boolean other = !holds;
    if (at.operands().size() > 3) {
      boolean c = choice(at, lane);
      holds = combine(at, holds, c);
      other = combine(at, other, c);
    }
    if (at.operands().get(0) instanceof Operand.Pair pair) {
      lane.store(pair.first(), holds ? 1 : 0);
      lane.store(pair.second(), other ? 1 : 0);
    } else {
      lane.store(at, holds ? 1 : 0);
    }
  }

  private static boolean combine(Instruction at, boolean a, boolean b) {
    return at.has("and") ? a & b : at.has("or") ? a | b : a ^ b;
  }

  private static boolean compare(Instruction at, Lane lane, PtxType type) {
    String relation = at.modifiers().stream().filter(RELATIONS::contains).findFirst().orElseThrow();
    if (!type.isFloat()) {
      boolean unsigned = "lo ls hi hs".contains(relation) && type.isSigned();
      PtxType as =
          !unsigned
              ? type
              : type.bits() == 64 ? PtxType.U64 : type.bits() == 32 ? PtxType.U32 : PtxType.U16;
      return ordered(relation, lane.integer(at, 1, as).compareTo(lane.integer(at, 2, as)));
    }
    Format format = Format.of(type);
    long a = lane.bits(at, 1, type);
    long b = lane.bits(at, 2, type);
    if (at.has("ftz")) {
      a = format.flush(a);
      b = format.flush(b);
    }
    boolean unordered = format.isNan(a) || format.isNan(b);
    if (relation.equals("num") || relation.equals("nan")) {
      return unordered == relation.equals("nan");
    } else if (unordered) {
      return relation.endsWith("u");
    }
    return ordered(relation, Double.compare(number(a, format), number(b, format)));
  }

  /** Any format's number as a double, exactly; both zeros as one. */
  private static double number(long bits, Format format) {
    if (format.isInfinite(bits)) {
      return format.isNegative(bits) ? Double.NEGATIVE_INFINITY : Double.POSITIVE_INFINITY;
    }
    return Double.longBitsToDouble(format.value(bits).round(Format.F64, "rn"));
  }

  private static boolean ordered(String relation, int order) {
    return switch (relation) {
      case "eq", "equ" -> order == 0;
      case "ne", "neu" -> order != 0;
      case "lt", "lo", "ltu" -> order < 0;
      case "le", "ls", "leu" -> order <= 0;
      case "gt", "hi", "gtu" -> order > 0;
      default -> order >= 0;
    };
  }
}
