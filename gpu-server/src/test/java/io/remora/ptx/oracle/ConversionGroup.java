// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.PtxType;
import java.math.BigInteger;

/** {@code cvt} between scalar types (PTX ISA 9.7.9, "cvt"). */
final class ConversionGroup implements Group {
  @Override
  public boolean execute(Instruction at, Lane lane) {
    if (!at.opcode().equals("cvt") || at.types().size() != 2) {
      return false;
    }
    PtxType to = at.types().get(0);
    PtxType from = at.types().get(1);
    long source = lane.bits(at, 1, from);
    if (from.isFloat() && at.has("ftz")) {
      source = Format.of(from).flush(source);
    }
    if (to.isFloat()) {
      long result =
          from.isFloat() ? toFloat(at, source, from, to) : fromInteger(at, source, from, to);
      if (at.has("ftz") && to == PtxType.F32) {
        result = Format.F32.flush(result);
      }
      lane.store(at, at.has("sat") ? FloatGroup.saturate(result, Format.of(to)) : result);
    } else {
      BigInteger value =
          from.isFloat() ? toInteger(at, source, from, to) : Lane.integer(source, from);
      boolean clamps = from.isFloat() || at.has("sat");
      lane.store(at, clamps ? IntegerGroup.clamp(value, to) : value, to);
    }
    return true;
  }

  private static String integral(Instruction at) {
    for (String mode : new String[] {"rni", "rzi", "rmi", "rpi"}) {
      if (at.has(mode)) {
        return mode.substring(0, 2);
      }
    }
    return "";
  }

  private static long toFloat(Instruction at, long source, PtxType from, PtxType to) {
    Format format = Format.of(from);
    Format result = Format.of(to);
    boolean negative = format.isNegative(source);
    if (format.isNan(source)) {
      return result.nan();
    } else if (format.isInfinite(source)) {
      return result.infinity(negative);
    } else if (format.isZero(source)) {
      return result.sign(negative);
    }
    Exact exact = format.value(source);
    if (!integral(at).isEmpty()) {
      exact = Exact.of(exact.toInteger(integral(at)));
      if (exact.isZero()) {
        return result.sign(negative);
      }
    }
    return exact.round(result, FloatGroup.rounding(at));
  }

  private static long fromInteger(Instruction at, long source, PtxType from, PtxType to) {
    Exact exact = Exact.of(Lane.integer(source, from));
    return exact.isZero() ? 0 : exact.round(Format.of(to), FloatGroup.rounding(at));
  }

  private static BigInteger toInteger(Instruction at, long source, PtxType from, PtxType to) {
    Format format = Format.of(from);
    BigInteger huge = BigInteger.ONE.shiftLeft(200);
    if (format.isNan(source)) {
      // Zero, or for 64 bits on either side the pattern with only the top bit set.
      boolean wide = from == PtxType.F64 || to.bits() == 64;
      BigInteger top = BigInteger.ONE.shiftLeft(to.bits() - 1);
      return !wide ? BigInteger.ZERO : to.isSigned() ? top.negate() : top;
    } else if (format.isInfinite(source)) {
      return format.isNegative(source) ? huge.negate() : huge;
    }
    return format.value(source).toInteger(integral(at));
  }
}
