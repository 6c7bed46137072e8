// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.PtxType;
import org.objectweb.asm.Opcodes;

/** {@code cvt} (PTX ISA 9.7.9.21): every value goes through int, long, float or double. */
final class ConvertOps {
  private ConvertOps() {}

  static void cvt(Instruction at, Code code) throws PtxException {
    if (at.has("pack")) {
      throw at.unsupported("cvt.pack");
    }
    PtxType to = at.type(0);
    PtxType from = at.type(1);
    if (to.family() == PtxType.Family.PACKED || from.family() == PtxType.Family.PACKED) {
      PackedConversions.emit(at, code, to, from);
      return;
    }
    code.pushNarrowing(at, Code.operand(at, 1), from);
    if (at.has("ftz") && from == PtxType.F32) {
      code.call(at, "FloatModifiers.flush");
    }
    if (from.isFloat() && to.isFloat()) {
      floatToFloat(at, code, from, to);
    } else if (from.isFloat()) {
      floatToInteger(at, code, from, to);
    } else if (to.isFloat()) {
      integerToFloat(at, code, from, to);
    } else {
      integerToInteger(at, code, from, to);
    }
    code.store(at, 0, to);
  }

  private static String rounding(Instruction at) {
    for (String mode : new String[] {"rn", "rz", "rm", "rp", "rni", "rzi", "rmi", "rpi"}) {
      if (at.has(mode)) {
        return mode;
      }
    }
    return "";
  }

  private static String capitalised(String word) {
    return word.isEmpty() ? "" : Character.toUpperCase(word.charAt(0)) + word.substring(1);
  }

  private static void floatToFloat(Instruction at, Code code, PtxType from, PtxType to)
      throws PtxException {
    String mode = rounding(at);
    if (to == PtxType.TF32) {
      code.call(at, "Bfloat.toTf32" + (at.has("rna") ? "Rna" : capitalised(mode)));
      code.convert(Kind.FLOAT, Kind.INT);
      return;
    }
    widenHalf(at, code, from);
    boolean isDouble = from == PtxType.F64;
    if (mode.endsWith("i")) {
      code.call(at, "FloatToInteger.round" + capitalised(mode) + (isDouble ? "(D)" : "(F)"));
    }
    switch (to) {
      case F32 -> {
        if (isDouble && (mode.isEmpty() || mode.equals("rn") || mode.endsWith("i"))) {
          code.op(Opcodes.D2F);
        } else if (isDouble) {
          code.call(at, "Narrowing.toFloat" + capitalised(mode));
        }
        finishFloat(at, code);
      }
      case F64 -> {
        if (!isDouble) {
          code.op(Opcodes.F2D);
        }
        if (at.has("sat")) {
          code.call(at, "FloatModifiers.saturate(D)");
        }
      }
      case F16 -> narrow(at, code, "Half.", isDouble, from == PtxType.F16);
      case BF16 -> narrow(at, code, "Bfloat.", isDouble, from == PtxType.BF16);
      default -> throw at.unsupported("this conversion");
    }
  }

  private static void widenHalf(Instruction at, Code code, PtxType from) throws PtxException {
    if (from == PtxType.F16) {
      code.call(at, "Half.toFloat");
    } else if (from == PtxType.BF16) {
      code.call(at, "Bfloat.toFloat");
    }
  }

  private static void narrow(
      Instruction at, Code code, String owner, boolean isDouble, boolean isExact)
      throws PtxException {
    if (isDouble) {
      // Rounded to odd first, the second rounding sees all that the first one lost.
      code.call(at, "Half.oddFloat(D)");
    }
    if (at.has("relu")) {
      code.call(at, "FloatModifiers.relu");
    }
    if (at.has("satfinite")) {
      code.call(at, owner + "fromFloatSatFinite");
      return;
    }
    String mode = rounding(at);
    boolean nearest = isExact || mode.isEmpty() || mode.equals("rn") || mode.endsWith("i");
    code.call(at, owner + "fromFloat" + (nearest ? "" : capitalised(mode)));
    if (at.has("sat")) {
      code.call(at, owner + "saturate");
    }
  }

  private static void finishFloat(Instruction at, Code code) throws PtxException {
    if (at.has("ftz")) {
      code.call(at, "FloatModifiers.flush");
    }
    if (at.has("sat")) {
      code.call(at, "FloatModifiers.saturate(F)");
    }
  }

  private static void floatToInteger(Instruction at, Code code, PtxType from, PtxType to)
      throws PtxException {
    widenHalf(at, code, from);
    boolean isDouble = from == PtxType.F64;
    String mode = rounding(at);
    if (!mode.endsWith("i")) {
      throw at.syntax("a conversion to an integer needs .rni, .rzi, .rmi or .rpi");
    }
    String arguments = isDouble ? "(D)" : "(F)";
    if (!mode.equals("rzi")) {
      code.call(at, "FloatToInteger.round" + capitalised(mode) + arguments);
    }
    if (to == PtxType.S32 && !isDouble) {
      code.op(Opcodes.F2I); // Clamps, and takes NaN to zero, as PTX does.
    } else {
      code.call(at, "FloatToInteger.to" + IntegerOps.suffix(to) + arguments);
    }
  }

  private static void integerToFloat(Instruction at, Code code, PtxType from, PtxType to)
      throws PtxException {
    String mode = rounding(at);
    boolean nearest = mode.isEmpty() || mode.equals("rn");
    boolean fitsInt = from.bits() < 32 || from == PtxType.S32;
    if (nearest && fitsInt && (to == PtxType.F32 || to == PtxType.F64)) {
      code.op(to == PtxType.F32 ? Opcodes.I2F : Opcodes.I2D);
      finishSaturation(at, code, to);
      return;
    }
    toLong(code, from);
    boolean isUnsignedLong = from.bits() == 64 && !from.isSigned();
    if (to == PtxType.F16 || to == PtxType.BF16) {
      code.call(at, isUnsignedLong ? "Half.oddFloatU64" : "Half.oddFloat(J)");
      String owner = to == PtxType.F16 ? "Half." : "Bfloat.";
      code.call(at, owner + "fromFloat" + (nearest ? "" : capitalised(mode)));
      return;
    }
    boolean isFloat = to == PtxType.F32;
    if (nearest && !isUnsignedLong) {
      code.op(isFloat ? Opcodes.L2F : Opcodes.L2D);
    } else {
      String rounded = nearest ? "Rn" : capitalised(mode);
      if (isUnsignedLong && rounded.equals("Rm")) {
        rounded = "Rz"; // Downwards is towards zero where nothing is negative.
      }
      String source = isUnsignedLong ? "u64" : "s64";
      code.call(at, "IntegerConversion." + source + "ToF" + to.bits() + rounded);
    }
    finishSaturation(at, code, to);
  }

  private static void finishSaturation(Instruction at, Code code, PtxType to) throws PtxException {
    if (at.has("sat")) {
      code.call(at, "FloatModifiers.saturate" + (to == PtxType.F32 ? "(F)" : "(D)"));
    }
  }

  /** Widens the integer on the stack to a long of the same value. */
  private static void toLong(Code code, PtxType from) {
    if (Kind.of(from) == Kind.INT) {
      code.op(Opcodes.I2L);
      if (from.bits() == 32 && !from.isSigned()) {
        code.constant(0xffff_ffffL);
        code.op(Opcodes.LAND);
      }
    }
  }

  private static void integerToInteger(Instruction at, Code code, PtxType from, PtxType to)
      throws PtxException {
    if (at.has("sat")) {
      toLong(code, from);
      code.constant(to.bits());
      code.call(
          at,
          "IntegerConversion.saturate"
              + (from.isSigned() ? "Signed" : "Unsigned")
              + (to.isSigned() ? "ToSigned" : "ToUnsigned"));
      code.convert(Kind.LONG, Kind.of(to));
      return;
    }
    if (Kind.of(to) == Kind.LONG) {
      toLong(code, from);
      return;
    }
    code.convert(Kind.of(from), Kind.INT);
    if (to.bits() < 32) {
      // Wider registers than the type get the value extended as the type says.
      code.extend(to, 32);
    }
  }
}
