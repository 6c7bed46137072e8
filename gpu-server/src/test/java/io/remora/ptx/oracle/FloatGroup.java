// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.PtxType;
import java.util.List;

/**
 * Floating-point arithmetic (PTX ISA 9.7.3 to 9.7.5) of all formats, scalar and packed: the exact
 * result, rounded once.
 */
final class FloatGroup implements Group {
  /** One operation on the bits of up to three operands. */
  private interface Operation {
    long apply(long a, long b, long c);
  }

  @Override
  public boolean execute(Instruction at, Lane lane) {
    List<PtxType> types = at.types();
    if (types.isEmpty() || types.size() > 1) {
      return false;
    }
    PtxType type = types.get(0);
    boolean packed = type == PtxType.F16X2 || type == PtxType.BF16X2;
    if (!type.isFloat() && !packed) {
      return false;
    }
    Format format = Format.of(type);
    Operation operation = operation(at, format);
    if (operation == null) {
      return false;
    }
    long result = 0;
    for (int part = 0; part < (packed ? 2 : 1); part++) {
      long one = apply(at, lane, type, part, operation) & Lane.mask(format.bits());
      result |= one << part * format.bits();
    }
    lane.store(at, result);
    return true;
  }

  private static long apply(
      Instruction at, Lane lane, PtxType type, int part, Operation operation) {
    Format format = Format.of(type);
    var values = new long[3];
    for (int i = 1; i < at.operands().size(); i++) {
      long value = lane.bits(at, i, type) >>> part * format.bits() & Lane.mask(format.bits());
      values[i - 1] = at.has("ftz") ? format.flush(value) : value;
    }
    long result = operation.apply(values[0], values[1], values[2]);
    if (at.has("ftz")) {
      result = format.flush(result);
    }
    return at.has("sat") ? saturate(result, format) : result;
  }

  static long saturate(long bits, Format format) {
    if (format.isNan(bits) || format.isNegative(bits) || format.isZero(bits)) {
      return 0;
    }
    return Math.min(bits, format.one());
  }

  static String rounding(Instruction at) {
    for (String mode : new String[] {"rz", "rm", "rp"}) {
      if (at.has(mode)) {
        return mode;
      }
    }
    return "rn";
  }

  private static @org.jspecify.annotations.Nullable Operation operation(
      Instruction at, Format format) {
    String mode = rounding(at);
    long minus = format.sign(true);
    return switch (at.opcode()) {
      case "add" -> (a, b, c) -> sum(a, b, format, mode);
      case "sub" -> (a, b, c) -> sum(a, b ^ minus, format, mode);
      case "mul" -> (a, b, c) -> product(a, b, format, mode);
      case "fma" -> (a, b, c) -> fused(a, b, c, format, mode);
      case "div" -> (a, b, c) -> quotient(a, b, format, mode);
      case "rcp" -> (a, b, c) -> quotient(format.one(), a, format, mode);
      case "sqrt" -> (a, b, c) -> root(a, format, mode);
      case "neg" -> (a, b, c) -> a ^ minus;
      case "abs" -> (a, b, c) -> a & ~minus;
      case "copysign" -> (a, b, c) -> a & minus | b & ~minus;
      case "min" -> (a, b, c) -> extremum(a, b, format, true, at.has("NaN"));
      case "max" -> (a, b, c) -> extremum(a, b, format, false, at.has("NaN"));
      default -> null;
    };
  }

  static long sum(long a, long b, Format format, String mode) {
    if (format.isNan(a) || format.isNan(b)) {
      return format.nan();
    } else if (format.isInfinite(a)) {
      return format.isInfinite(b) && a != b ? format.nan() : a;
    } else if (format.isInfinite(b)) {
      return b;
    }
    boolean bothNegative = format.isNegative(a) && format.isNegative(b);
    boolean anyNegative = format.isNegative(a) || format.isNegative(b);
    return rounded(
        format.value(a).plus(format.value(b)),
        format,
        mode,
        bothNegative || anyNegative && mode.equals("rm"));
  }

  /** An exact zero has the sign that the operation's operands give it. */
  private static long rounded(Exact exact, Format format, String mode, boolean negativeZero) {
    return exact.isZero() ? format.sign(negativeZero) : exact.round(format, mode);
  }

  private static long product(long a, long b, Format format, String mode) {
    boolean negative = format.isNegative(a) ^ format.isNegative(b);
    if (format.isNan(a) || format.isNan(b)) {
      return format.nan();
    } else if (format.isInfinite(a) || format.isInfinite(b)) {
      return format.isZero(a) || format.isZero(b) ? format.nan() : format.infinity(negative);
    }
    return rounded(format.value(a).times(format.value(b)), format, mode, negative);
  }

  private static long fused(long a, long b, long c, Format format, String mode) {
    boolean negative = format.isNegative(a) ^ format.isNegative(b);
    boolean special =
        format.isNan(a) || format.isNan(b) || format.isInfinite(a) || format.isInfinite(b);
    if (special || format.isNan(c) || format.isInfinite(c)) {
      long product = special ? product(a, b, format, mode) : format.sign(negative);
      return sum(product, c, format, mode);
    }
    boolean bothNegative = negative && format.isNegative(c);
    boolean anyNegative = negative || format.isNegative(c);
    return rounded(
        format.value(a).times(format.value(b)).plus(format.value(c)),
        format,
        mode,
        bothNegative || anyNegative && mode.equals("rm"));
  }

  private static long quotient(long a, long b, Format format, String mode) {
    boolean negative = format.isNegative(a) ^ format.isNegative(b);
    if (format.isNan(a) || format.isNan(b)) {
      return format.nan();
    } else if (format.isInfinite(a)) {
      return format.isInfinite(b) ? format.nan() : format.infinity(negative);
    } else if (format.isZero(b)) {
      return format.isZero(a) ? format.nan() : format.infinity(negative);
    } else if (format.isInfinite(b) || format.isZero(a)) {
      return format.sign(negative);
    }
    return format.value(a).dividedBy(format.value(b)).round(format, mode);
  }

  private static long root(long a, Format format, String mode) {
    if (format.isZero(a) || format.isNan(a)) {
      return a;
    } else if (format.isNegative(a)) {
      return format.nan();
    }
    return format.isInfinite(a) ? a : format.value(a).root().round(format, mode);
  }

  static long extremum(long a, long b, Format format, boolean least, boolean passNan) {
    if (format.isNan(a) || format.isNan(b)) {
      boolean both = format.isNan(a) && format.isNan(b);
      return passNan || both ? format.nan() : format.isNan(a) ? b : a;
    }
    return compare(a, b, format) <= 0 == least ? a : b;
  }

  /** Order of numbers that aren't NaN; -0 is before +0. */
  private static int compare(long a, long b, Format format) {
    return Long.compare(key(a, format), key(b, format));
  }

  private static long key(long bits, Format format) {
    return format.isNegative(bits) ? -(bits ^ format.sign(true)) - 1 : bits;
  }
}
