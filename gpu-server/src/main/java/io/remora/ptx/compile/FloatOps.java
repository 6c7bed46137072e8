// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.PtxType;
import org.objectweb.asm.Opcodes;

/** Floating-point arithmetic in 32 and 64 bits (PTX ISA 9.7.3). */
final class FloatOps {
  private FloatOps() {}

  static void add(Instruction at, Code code) throws PtxException {
    pushBoth(at, code);
    if (isDirected(at)) {
      code.call(at, directed(at, "add"));
    } else {
      code.op(forKind(Opcodes.FADD, at));
    }
    finish(at, code);
  }

  static void sub(Instruction at, Code code) throws PtxException {
    pushBoth(at, code);
    if (isDirected(at)) {
      code.op(forKind(Opcodes.FNEG, at));
      code.call(at, directed(at, "add"));
    } else {
      code.op(forKind(Opcodes.FSUB, at));
    }
    finish(at, code);
  }

  static void mul(Instruction at, Code code) throws PtxException {
    pushBoth(at, code);
    if (isDirected(at)) {
      code.call(at, directed(at, "mul"));
    } else {
      code.op(forKind(Opcodes.FMUL, at));
    }
    finish(at, code);
  }

  static void fma(Instruction at, Code code) throws PtxException {
    pushBoth(at, code);
    push(at, 3, code);
    if (isDirected(at)) {
      code.call(at, directed(at, "fma"));
    } else if (type(at) == PtxType.F32) {
      code.call(at, FusedMultiply.FLOAT);
    } else {
      code.call(at, "Math.fma(DDD)");
    }
    finish(at, code);
  }

  static void div(Instruction at, Code code) throws PtxException {
    pushBoth(at, code);
    if (isDirected(at)) {
      code.call(at, directed(at, "div"));
    } else if (at.has("approx")) {
      code.call(at, "ApproximateFloat.divApprox");
    } else {
      code.op(forKind(Opcodes.FDIV, at));
    }
    finish(at, code);
  }

  static void rcp(Instruction at, Code code) throws PtxException {
    if (at.has("approx") && type(at) == PtxType.F64) {
      push(at, 1, code);
      code.call(at, "ApproximateDouble.rcp");
    } else {
      boolean isFloat = type(at) == PtxType.F32;
      code.op(isFloat ? Opcodes.FCONST_1 : Opcodes.DCONST_1);
      push(at, 1, code);
      if (isDirected(at)) {
        code.call(at, directed(at, "div"));
      } else {
        code.op(forKind(Opcodes.FDIV, at));
      }
    }
    finish(at, code);
  }

  static void sqrt(Instruction at, Code code) throws PtxException {
    push(at, 1, code);
    if (isDirected(at)) {
      // A root is never negative, so rounding down is rounding to zero.
      code.call(at, directed(at, "sqrt").replace("Rm", "Rz"));
    } else if (type(at) == PtxType.F32) {
      code.op(Opcodes.F2D);
      code.call(at, "Math.sqrt(D)");
      code.op(Opcodes.D2F); // The root of a float, rounded twice, is still rounded correctly.
    } else {
      code.call(at, "Math.sqrt(D)");
    }
    finish(at, code);
  }

  static void rsqrt(Instruction at, Code code) throws PtxException {
    push(at, 1, code);
    if (type(at) == PtxType.F64) {
      code.call(at, at.has("ftz") ? "ApproximateDouble.rsqrtFtz" : "ApproximateDouble.rsqrt");
      code.store(at, 0, PtxType.F64);
      return;
    }
    code.call(at, "ApproximateFloat.rsqrt");
    finish(at, code);
  }

  /** {@code ex2}, {@code lg2}, {@code sin}, {@code cos}, {@code tanh} of {@code .f32}. */
  static void approximate(Instruction at, Code code) throws PtxException {
    IntegerOps.require(at, type(at) == PtxType.F32);
    push(at, 1, code);
    code.call(at, "ApproximateFloat." + at.opcode());
    finish(at, code);
  }

  static void abs(Instruction at, Code code) throws PtxException {
    push(at, 1, code);
    code.call(at, type(at) == PtxType.F32 ? "Math.abs(F)" : "Math.abs(D)");
    finish(at, code);
  }

  static void neg(Instruction at, Code code) throws PtxException {
    push(at, 1, code);
    code.op(forKind(Opcodes.FNEG, at));
    finish(at, code);
  }

  static void min(Instruction at, Code code) throws PtxException {
    extremum(at, code, "min");
  }

  static void max(Instruction at, Code code) throws PtxException {
    extremum(at, code, "max");
  }

  private static void extremum(Instruction at, Code code, String name) throws PtxException {
    boolean isFloat = type(at) == PtxType.F32;
    String nan = at.has("NaN") ? "Nan" : "";
    String sign = at.has("xorsign") ? "XorSign" : "";
    String arguments = isFloat ? "(FF)" : "(DD)";
    pushBoth(at, code);
    code.call(at, "FloatMinMax." + name + nan + sign + arguments);
    if (at.operands().size() > 3) {
      push(at, 3, code);
      code.call(at, "FloatMinMax." + name + nan + sign + arguments);
    }
    finish(at, code);
  }

  static void copysign(Instruction at, Code code) throws PtxException {
    boolean isFloat = type(at) == PtxType.F32;
    code.push(at, 1, type(at));
    code.push(at, 2, type(at));
    code.call(at, "FloatModifiers.copySign" + (isFloat ? "(FF)" : "(DD)"));
    code.store(at, 0, type(at));
  }

  static void testp(Instruction at, Code code) throws PtxException {
    String name =
        at.has("finite")
            ? "isFinite"
            : at.has("infinite")
                ? "isInfinite"
                : at.has("number")
                    ? "isNumber"
                    : at.has("notanumber")
                        ? "isNotANumber"
                        : at.has("normal") ? "isNormal" : "isSubnormal";
    code.push(at, 1, type(at));
    code.call(at, "FloatModifiers." + name + (type(at) == PtxType.F32 ? "(F)" : "(D)"));
    code.store(at, 0, PtxType.PRED);
  }

  private static PtxType type(Instruction at) throws PtxException {
    return at.type(0);
  }

  private static int forKind(int floatOpcode, Instruction at) throws PtxException {
    return floatOpcode + (type(at) == PtxType.F64 ? 1 : 0);
  }

  static boolean isDirected(Instruction at) {
    return at.has("rz") || at.has("rm") || at.has("rp");
  }

  private static String directed(Instruction at, String name) throws PtxException {
    String rounding = at.has("rz") ? "Rz" : at.has("rm") ? "Rm" : "Rp";
    return (type(at) == PtxType.F32 ? "DirectedFloat." : "DirectedDouble.") + name + rounding;
  }

  private static void pushBoth(Instruction at, Code code) throws PtxException {
    push(at, 1, code);
    push(at, 2, code);
  }

  private static void push(Instruction at, int n, Code code) throws PtxException {
    boolean isSummand = n == at.operands().size() - 1;
    if (at.types().size() == 2 && !isSummand) {
      pushHalf(at, n, code); // Sums of .f32 and products of halves, as fma.rn.f32.f16.
      return;
    }
    code.push(at, n, type(at));
    if (at.has("ftz") && type(at) == PtxType.F32) {
      code.call(at, "FloatModifiers.flush");
    }
  }

  private static void pushHalf(Instruction at, int n, Code code) throws PtxException {
    PtxType type = at.type(1);
    IntegerOps.require(at, type(at) == PtxType.F32 && HalfOps.isHalf(type) && type.bits() == 16);
    code.push(at, n, type);
    code.call(at, type == PtxType.F16 ? "Half.toFloat" : "Bfloat.toFloat");
  }

  /** {@code add}, {@code sub}, {@code mul} and {@code fma} of {@code .f32x2}. */
  static void pair(Instruction at, Code code) throws PtxException {
    IntegerOps.require(at, !isDirected(at) && !at.has("sat"));
    for (int n = 1; n < at.operands().size(); n++) {
      code.push(at, n, PtxType.F32X2);
      flushPair(at, code);
    }
    code.call(at, "PackedFloats." + at.opcode());
    flushPair(at, code);
    code.store(at, 0, PtxType.F32X2);
  }

  private static void flushPair(Instruction at, Code code) throws PtxException {
    if (at.has("ftz")) {
      code.call(at, "PackedFloats.flush");
    }
  }

  private static void finish(Instruction at, Code code) throws PtxException {
    boolean isFloat = type(at) == PtxType.F32;
    if (at.has("ftz") && isFloat) {
      code.call(at, "FloatModifiers.flush");
    }
    if (at.has("sat")) {
      code.call(at, "FloatModifiers.saturate" + (isFloat ? "(F)" : "(D)"));
    }
    code.store(at, 0, type(at));
  }
}
