// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.compile;

import io.remora.ptx.PtxException;
import io.remora.ptx.ir.Instruction;
import io.remora.ptx.ir.Operand;
import io.remora.ptx.ir.Operand.Reg;
import io.remora.ptx.ir.PtxType;
import java.util.Map;
import org.objectweb.asm.Label;
import org.objectweb.asm.Opcodes;

/** Comparison and selection (PTX ISA 9.7.6 and 9.7.7). */
final class CompareOps {
  /** Comparison, and the JVM branch that is taken if it does not hold after a three-way compare. */
  private static final Map<String, Integer> UNLESS =
      Map.ofEntries(
          Map.entry("eq", Opcodes.IFNE),
          Map.entry("equ", Opcodes.IFNE),
          Map.entry("ne", Opcodes.IFEQ),
          Map.entry("neu", Opcodes.IFEQ),
          Map.entry("lt", Opcodes.IFGE),
          Map.entry("ltu", Opcodes.IFGE),
          Map.entry("lo", Opcodes.IFGE),
          Map.entry("le", Opcodes.IFGT),
          Map.entry("leu", Opcodes.IFGT),
          Map.entry("ls", Opcodes.IFGT),
          Map.entry("gt", Opcodes.IFLE),
          Map.entry("gtu", Opcodes.IFLE),
          Map.entry("hi", Opcodes.IFLE),
          Map.entry("ge", Opcodes.IFLT),
          Map.entry("geu", Opcodes.IFLT),
          Map.entry("hs", Opcodes.IFLT),
          Map.entry("num", 0),
          Map.entry("nan", 0));

  private CompareOps() {}

  static void setp(Instruction at, Code code) throws PtxException {
    PtxType packed = at.type(at.types().size() - 1);
    if (PackedCompareOps.isPacked(packed)) {
      PackedCompareOps.setp(at, code, packed);
      return;
    }
    PtxType type = sourceType(at);
    compare(at, code, type);
    Operand destination = Code.operand(at, 0);
    String combine = combination(at);
    if (destination instanceof Operand.Pair pair) {
      int result = code.locals.temporary(1);
      code.method.visitVarInsn(Opcodes.ISTORE, result);
      storeCombined(at, code, result, combine, pair.first(), false);
      storeCombined(at, code, result, combine, pair.second(), true);
      return;
    }
    if (!combine.isEmpty()) {
      code.push(at, 3, PtxType.PRED);
      code.op(combineOpcode(combine));
    }
    code.store(at, destination, PtxType.PRED);
  }

  private static void storeCombined(
      Instruction at, Code code, int result, String combine, Operand target, boolean inverted)
      throws PtxException {
    code.method.visitVarInsn(Opcodes.ILOAD, result);
    if (inverted) {
      code.constant(1);
      code.op(Opcodes.IXOR);
    }
    if (!combine.isEmpty()) {
      code.push(at, 3, PtxType.PRED);
      code.op(combineOpcode(combine));
    }
    code.store(at, target, PtxType.PRED);
  }

  private static int combineOpcode(String combine) {
    return switch (combine) {
      case "and" -> Opcodes.IAND;
      case "or" -> Opcodes.IOR;
      default -> Opcodes.IXOR;
    };
  }

  private static String combination(Instruction at) {
    return at.has("and") ? "and" : at.has("or") ? "or" : at.has("xor") ? "xor" : "";
  }

  static void set(Instruction at, Code code) throws PtxException {
    PtxType result = at.type(0);
    PtxType packed = at.type(at.types().size() - 1);
    if (PackedCompareOps.isPacked(packed)) {
      PackedCompareOps.set(at, code, packed);
      return;
    }
    compare(at, code, sourceType(at));
    String combine = combination(at);
    if (!combine.isEmpty()) {
      code.push(at, 3, PtxType.PRED);
      code.op(combineOpcode(combine));
    }
    if (result == PtxType.F32) {
      code.op(Opcodes.I2F);
    } else if (result == PtxType.F16 || result == PtxType.BF16) {
      code.constant(result == PtxType.F16 ? 0x3c00 : 0x3f80);
      code.op(Opcodes.IMUL);
    } else {
      IntegerOps.require(at, (result.bits() == 32 || result.bits() == 16) && result.isInteger());
      code.op(Opcodes.INEG);
    }
    code.store(at, 0, result);
  }

  /** The type compared: the last one named. */
  private static PtxType sourceType(Instruction at) throws PtxException {
    PtxType type = at.type(at.types().size() - 1);
    if (type.family() == PtxType.Family.PACKED || type == PtxType.PRED) {
      throw at.unsupported("packed comparisons");
    }
    return type;
  }

  /** Pushes 1 if operands 1 and 2 compare as the instruction says, else 0. */
  private static void compare(Instruction at, Code code, PtxType type) throws PtxException {
    String comparison = comparison(at);
    Label no = new Label();
    Label end = new Label();
    if (type.isFloat()) {
      compareFloats(at, code, type, comparison, no);
    } else {
      compareIntegers(at, code, type, comparison, no);
    }
    code.constant(1);
    code.jump(Opcodes.GOTO, end);
    code.label(no);
    code.constant(0);
    code.label(end);
  }

  private static String comparison(Instruction at) throws PtxException {
    for (String modifier : at.modifiers()) {
      if (UNLESS.containsKey(modifier)) {
        return modifier;
      }
    }
    throw at.syntax(at.name() + " names no comparison");
  }

  private static int unless(String comparison) {
    Integer opcode = UNLESS.get(comparison);
    return opcode == null ? 0 : opcode;
  }

  private static void compareIntegers(
      Instruction at, Code code, PtxType type, String comparison, Label no) throws PtxException {
    boolean equality = comparison.equals("eq") || comparison.equals("ne");
    boolean unsigned = !type.isSigned() && !equality && type.bits() >= 32;
    PtxType as = type.isSigned() ? type : LogicOps.unsigned(type);
    int branch = unless(comparison);
    IntegerOps.require(at, branch != 0 && !comparison.endsWith("u"));
    pushComparable(at, 1, as, unsigned, code);
    pushComparable(at, 2, as, unsigned, code);
    if (Kind.of(as) == Kind.LONG) {
      code.op(Opcodes.LCMP);
      code.jump(branch, no);
    } else {
      code.jump(branch + (Opcodes.IF_ICMPEQ - Opcodes.IFEQ), no);
    }
  }

  /** Unsigned numbers compare as signed ones after their highest bit is flipped. */
  private static void pushComparable(Instruction at, int n, PtxType type, boolean flip, Code code)
      throws PtxException {
    Operand operand = Code.operand(at, n);
    boolean isLong = Kind.of(type) == Kind.LONG;
    if (flip && operand instanceof Operand.Imm imm) {
      if (isLong) {
        code.constant(imm.bits() ^ Long.MIN_VALUE);
      } else {
        code.constant(Immediates.asInt(at, imm, type) ^ Integer.MIN_VALUE);
      }
      return;
    }
    code.push(at, operand, type);
    if (flip && isLong) {
      code.constant(Long.MIN_VALUE);
      code.op(Opcodes.LADD);
    } else if (flip) {
      code.constant(Integer.MIN_VALUE);
      code.op(Opcodes.IADD);
    }
  }

  private static void compareFloats(
      Instruction at, Code code, PtxType type, String comparison, Label no) throws PtxException {
    boolean isDouble = type == PtxType.F64;
    if (comparison.equals("num") || comparison.equals("nan")) {
      testNan(at, code, type, comparison.equals("nan"), no);
      return;
    }
    IntegerOps.require(at, comparison.length() == 3 || !"lo ls hi hs".contains(comparison));
    pushNumber(at, 1, type, code);
    pushNumber(at, 2, type, code);
    boolean unordered = comparison.endsWith("u");
    boolean less = comparison.startsWith("l");
    // With an unordered pair the compare must make the branch go the way that NaN should.
    boolean nanIsGreater = less != unordered;
    if (comparison.equals("equ") || comparison.equals("ne")) {
      equality(code, type, comparison, no);
      return;
    }
    int compare =
        isDouble
            ? (nanIsGreater ? Opcodes.DCMPG : Opcodes.DCMPL)
            : (nanIsGreater ? Opcodes.FCMPG : Opcodes.FCMPL);
    code.op(compare);
    code.jump(unless(comparison), no);
  }

  /** {@code equ} holds and {@code ne} doesn't if one is NaN: both need a second look. */
  private static void equality(Code code, PtxType type, String comparison, Label no) {
    boolean isDouble = type == PtxType.F64;
    Kind kind = isDouble ? Kind.DOUBLE : Kind.FLOAT;
    int b = code.locals.temporary(2);
    int a = code.locals.temporary(2);
    code.method.visitVarInsn(kind.store, b);
    code.method.visitVarInsn(kind.store, a);
    // a < b or a > b, in the sense of the JVM: no NaN. Equal or NaN is the opposite.
    Label differs = new Label();
    Label end = new Label();
    for (int direction = 0; direction < 2; direction++) {
      code.method.visitVarInsn(kind.load, a);
      code.method.visitVarInsn(kind.load, b);
      if (direction == 0) {
        code.op(isDouble ? Opcodes.DCMPG : Opcodes.FCMPG);
        code.jump(Opcodes.IFLT, differs);
      } else {
        code.op(isDouble ? Opcodes.DCMPL : Opcodes.FCMPL);
        code.jump(Opcodes.IFGT, differs);
      }
    }
    if (comparison.equals("ne")) {
      code.jump(Opcodes.GOTO, no);
      code.label(differs);
    } else {
      code.jump(Opcodes.GOTO, end);
      code.label(differs);
      code.jump(Opcodes.GOTO, no);
      code.label(end);
    }
  }

  private static void testNan(Instruction at, Code code, PtxType type, boolean wantNan, Label no)
      throws PtxException {
    Label found = new Label();
    for (int n = 1; n <= 2; n++) {
      pushNumber(at, n, type, code);
      boolean isDouble = type == PtxType.F64;
      code.call(
          isDouble ? "java/lang/Double" : "java/lang/Float", "isNaN", isDouble ? "(D)Z" : "(F)Z");
      code.jump(Opcodes.IFNE, wantNan ? found : no);
    }
    if (wantNan) {
      code.jump(Opcodes.GOTO, no);
    }
    code.label(found);
  }

  private static void pushNumber(Instruction at, int n, PtxType type, Code code)
      throws PtxException {
    code.push(at, n, type);
    if (type == PtxType.F16) {
      code.call(at, "Half.toFloat");
    } else if (type == PtxType.BF16) {
      code.call(at, "Bfloat.toFloat");
    } else if (at.has("ftz") && type == PtxType.F32) {
      code.call(at, "FloatModifiers.flush");
    }
  }

  static void selp(Instruction at, Code code) throws PtxException {
    PtxType type = at.type(0);
    PtxType as = MemoryOps.carrier(code, Code.operand(at, 0), type);
    linkAll(at, code, 1, 2);
    Label no = new Label();
    Label end = new Label();
    if (!(Code.operand(at, 3) instanceof Reg)) {
      throw at.syntax("the last operand of selp must be a predicate");
    }
    code.push(at, 3, PtxType.PRED);
    code.jump(Opcodes.IFEQ, no);
    pushCarried(at, Code.operand(at, 1), type, as, code);
    code.jump(Opcodes.GOTO, end);
    code.label(no);
    pushCarried(at, Code.operand(at, 2), type, as, code);
    code.label(end);
    code.store(at, 0, as);
  }

  /** Untyped copies tell the kind of one register to the other. */
  static void linkAll(Instruction at, Code code, int... sources) throws PtxException {
    if (Code.operand(at, 0) instanceof Reg destination) {
      for (int source : sources) {
        if (Code.operand(at, source) instanceof Reg reg) {
          code.kinds().link(destination.register(), reg.register());
        }
      }
    }
  }

  /** Pushes bits as a float where the destination is kept as one. */
  static void pushCarried(Instruction at, Operand operand, PtxType type, PtxType as, Code code)
      throws PtxException {
    if (as == type || operand instanceof Reg) {
      code.push(at, operand, as);
    } else {
      code.push(at, operand, type);
      code.convert(Kind.of(type), Kind.of(as));
    }
  }

  static void slct(Instruction at, Code code) throws PtxException {
    PtxType type = at.type(0);
    PtxType test = at.type(1);
    Label no = new Label();
    Label end = new Label();
    code.push(at, 3, test);
    if (test == PtxType.F32) {
      if (at.has("ftz")) {
        code.call(at, "FloatModifiers.flush");
      }
      code.op(Opcodes.FCONST_0);
      code.op(Opcodes.FCMPL);
    }
    code.jump(Opcodes.IFLT, no);
    code.push(at, 1, type);
    code.jump(Opcodes.GOTO, end);
    code.label(no);
    code.push(at, 2, type);
    code.label(end);
    code.store(at, 0, type);
  }
}
