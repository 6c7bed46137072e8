// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import io.remora.ptx.math.ApproximateDouble;
import io.remora.ptx.math.ApproximateFloat;
import io.remora.ptx.math.BitFields;
import io.remora.ptx.math.Bytes;
import io.remora.ptx.math.DirectedDouble;
import io.remora.ptx.math.DirectedFloat;
import io.remora.ptx.math.FloatMinMax;
import io.remora.ptx.math.FloatModifiers;
import io.remora.ptx.math.IntegerMath;
import io.remora.ptx.math.PackedIntegers;
import io.remora.ptx.math.Shifts;
import io.remora.ptx.math.WideMultiply;
import java.util.ArrayList;
import java.util.List;

/** Arithmetic instructions and what each must compute, said by the functions of the manual. */
final class InstructionForms {
  /** Raw bits of up to four operands to raw bits of the result. */
  interface Reference {
    long apply(long a, long b, long c, long e);
  }

  /**
   * One instruction.
   *
   * @param text the instruction with operands a, b, c, e, result d (p for a predicate)
   * @param types PTX types of the result and the operands, separated by spaces
   */
  record Form(String text, String types, Reference reference) {
    @Override
    public String toString() {
      return text;
    }
  }

  private final List<Form> forms = new ArrayList<>();

  static List<Form> all() {
    InstructionForms table = new InstructionForms();
    table.integers();
    table.shorts();
    table.longs();
    table.bits();
    table.fields();
    table.packedBytes();
    table.floats();
    table.roots();
    table.approximate();
    table.doubles();
    table.comparisons();
    ConversionForms.addTo(table.forms);
    HalfForms.addTo(table.forms);
    return table.forms;
  }

  private void add(String text, String types, Reference reference) {
    forms.add(new Form(text, types, reference));
  }

  static int i(long bits) {
    return (int) bits;
  }

  static float f(long bits) {
    return Float.intBitsToFloat((int) bits);
  }

  static double d(long bits) {
    return Double.longBitsToDouble(bits);
  }

  static long bits(float value) {
    return Float.floatToRawIntBits(value);
  }

  static long bits(double value) {
    return Double.doubleToRawLongBits(value);
  }

  private void integers() {
    String three = "s32 s32 s32";
    String four = "s32 s32 s32 s32";
    add("add.s32 d, a, b;", three, (a, b, c, e) -> a + b);
    add("sub.s32 d, a, b;", three, (a, b, c, e) -> a - b);
    add("add.sat.s32 d, a, b;", three, (a, b, c, e) -> IntegerMath.addSatS32(i(a), i(b)));
    add("sub.sat.s32 d, a, b;", three, (a, b, c, e) -> IntegerMath.subSatS32(i(a), i(b)));
    add("vadd.s32.s32.s32 d, a, b;", three, (a, b, c, e) -> i(a) + i(b));
    add("vsub.u32.u32.u32.add d, a, b, c;", "u32 u32 u32 u32", (a, b, c, e) -> i(a) - i(b) + i(c));
    add(
        "vshr.u32.u32.u32.clamp.add d, a, b, c;",
        "u32 u32 u32 u32",
        (a, b, c, e) -> Shifts.shrU32(i(a), i(b)) + i(c));
    add("vshl.u32.u32.u32.wrap d, a, b;", "u32 u32 u32", (a, b, c, e) -> i(a) << (i(b) & 31));
    add("mul.lo.s32 d, a, b;", three, (a, b, c, e) -> i(a) * i(b));
    add("mul.hi.s32 d, a, b;", three, (a, b, c, e) -> WideMultiply.mulHiS32(i(a), i(b)));
    add("mul.hi.u32 d, a, b;", "u32 u32 u32", (a, b, c, e) -> WideMultiply.mulHiU32(i(a), i(b)));
    add("mul.wide.s32 d, a, b;", "s64 s32 s32", (a, b, c, e) -> (long) i(a) * i(b));
    add(
        "mul.wide.u32 d, a, b;",
        "u64 u32 u32",
        (a, b, c, e) -> WideMultiply.mulWideU32(i(a), i(b)));
    add("mad.lo.s32 d, a, b, c;", four, (a, b, c, e) -> i(a) * i(b) + i(c));
    add("mad.hi.s32 d, a, b, c;", four, (a, b, c, e) -> WideMultiply.madHiS32(i(a), i(b), i(c)));
    add(
        "mad.hi.sat.s32 d, a, b, c;",
        four,
        (a, b, c, e) -> WideMultiply.madHiSatS32(i(a), i(b), i(c)));
    add(
        "mad.hi.u32 d, a, b, c;",
        "u32 u32 u32 u32",
        (a, b, c, e) -> WideMultiply.madHiU32(i(a), i(b), i(c)));
    add("mad.wide.s32 d, a, b, c;", "s64 s32 s32 s64", (a, b, c, e) -> (long) i(a) * i(b) + c);
    add(
        "mad.wide.u32 d, a, b, c;",
        "u64 u32 u32 u64",
        (a, b, c, e) -> WideMultiply.mulWideU32(i(a), i(b)) + c);
    add("mul24.lo.s32 d, a, b;", three, (a, b, c, e) -> WideMultiply.mul24LoS32(i(a), i(b)));
    add(
        "mul24.lo.u32 d, a, b;",
        "u32 u32 u32",
        (a, b, c, e) -> WideMultiply.mul24LoU32(i(a), i(b)));
    add("mul24.hi.s32 d, a, b;", three, (a, b, c, e) -> WideMultiply.mul24HiS32(i(a), i(b)));
    add(
        "mad24.lo.s32 d, a, b, c;",
        four,
        (a, b, c, e) -> WideMultiply.mul24LoS32(i(a), i(b)) + i(c));
    add(
        "mad24.hi.sat.s32 d, a, b, c;",
        four,
        (a, b, c, e) -> WideMultiply.mad24HiSatS32(i(a), i(b), i(c)));
    add(
        "sad.s32 d, a, b, c;",
        "u32 s32 s32 u32",
        (a, b, c, e) -> IntegerMath.sadS32(i(a), i(b), i(c)));
    add(
        "sad.u32 d, a, b, c;",
        "u32 u32 u32 u32",
        (a, b, c, e) -> IntegerMath.sadU32(i(a), i(b), i(c)));
    add("div.s32 d, a, b;", three, (a, b, c, e) -> IntegerMath.divS32(i(a), i(b)));
    add("div.u32 d, a, b;", "u32 u32 u32", (a, b, c, e) -> IntegerMath.divU32(i(a), i(b)));
    add("rem.s32 d, a, b;", three, (a, b, c, e) -> IntegerMath.remS32(i(a), i(b)));
    add("rem.u32 d, a, b;", "u32 u32 u32", (a, b, c, e) -> IntegerMath.remU32(i(a), i(b)));
    add("abs.s32 d, a;", "s32 s32", (a, b, c, e) -> Math.abs(i(a)));
    add("neg.s32 d, a;", "s32 s32", (a, b, c, e) -> -i(a));
    add("min.s32 d, a, b;", three, (a, b, c, e) -> Math.min(i(a), i(b)));
    add("max.u32 d, a, b;", "u32 u32 u32", (a, b, c, e) -> IntegerMath.maxU32(i(a), i(b)));
    add("min.u32 d, a, b;", "u32 u32 u32", (a, b, c, e) -> IntegerMath.minU32(i(a), i(b)));
  }

  private void shorts() {
    String short3 = "s16 s16 s16";
    add("add.s16 d, a, b;", short3, (a, b, c, e) -> a + b);
    add("sub.u16 d, a, b;", "u16 u16 u16", (a, b, c, e) -> a - b);
    add("mul.lo.s16 d, a, b;", short3, (a, b, c, e) -> WideMultiply.mulLoS16(i(a), i(b)));
    add("mul.hi.s16 d, a, b;", short3, (a, b, c, e) -> WideMultiply.mulHiS16(i(a), i(b)));
    add("mul.hi.u16 d, a, b;", "u16 u16 u16", (a, b, c, e) -> WideMultiply.mulHiU16(i(a), i(b)));
    add(
        "mul.wide.s16 d, a, b;",
        "s32 s16 s16",
        (a, b, c, e) -> WideMultiply.mulWideS16(i(a), i(b)));
    add(
        "mul.wide.u16 d, a, b;",
        "u32 u16 u16",
        (a, b, c, e) -> WideMultiply.mulWideU16(i(a), i(b)));
    add("mad.lo.u16 d, a, b, c;", "u16 u16 u16 u16", (a, b, c, e) -> a * b + c);
    add("div.s16 d, a, b;", short3, (a, b, c, e) -> IntegerMath.divS16(i(a), i(b)));
    add("div.u16 d, a, b;", "u16 u16 u16", (a, b, c, e) -> IntegerMath.divU16(i(a), i(b)));
    add("rem.u16 d, a, b;", "u16 u16 u16", (a, b, c, e) -> IntegerMath.remU16(i(a), i(b)));
    add("min.s16 d, a, b;", short3, (a, b, c, e) -> IntegerMath.minS16(i(a), i(b)));
    add("max.u16 d, a, b;", "u16 u16 u16", (a, b, c, e) -> IntegerMath.maxU16(i(a), i(b)));
    add("abs.s16 d, a;", "s16 s16", (a, b, c, e) -> IntegerMath.absS16(i(a)));
    add("neg.s16 d, a;", "s16 s16", (a, b, c, e) -> IntegerMath.negS16(i(a)));
    add("min.s16x2 d, a, b;", "b32 b32 b32", (a, b, c, e) -> PackedIntegers.minS16X2(i(a), i(b)));
    add("add.u16x2 d, a, b;", "b32 b32 b32", (a, b, c, e) -> PackedIntegers.addX2(i(a), i(b)));
  }

  private void longs() {
    String three = "s64 s64 s64";
    String unsigned = "u64 u64 u64";
    add("add.s64 d, a, b;", three, (a, b, c, e) -> a + b);
    add("sub.u64 d, a, b;", unsigned, (a, b, c, e) -> a - b);
    add("mul.lo.s64 d, a, b;", three, (a, b, c, e) -> a * b);
    add("mul.hi.s64 d, a, b;", three, (a, b, c, e) -> WideMultiply.mulHiS64(a, b));
    add("mul.hi.u64 d, a, b;", unsigned, (a, b, c, e) -> WideMultiply.mulHiU64(a, b));
    add("mad.lo.s64 d, a, b, c;", "s64 s64 s64 s64", (a, b, c, e) -> a * b + c);
    add(
        "mad.hi.u64 d, a, b, c;",
        "u64 u64 u64 u64",
        (a, b, c, e) -> WideMultiply.madHiU64(a, b, c));
    add("div.s64 d, a, b;", three, (a, b, c, e) -> IntegerMath.divS64(a, b));
    add("div.u64 d, a, b;", unsigned, (a, b, c, e) -> IntegerMath.divU64(a, b));
    add("rem.s64 d, a, b;", three, (a, b, c, e) -> IntegerMath.remS64(a, b));
    add("rem.u64 d, a, b;", unsigned, (a, b, c, e) -> IntegerMath.remU64(a, b));
    add("min.u64 d, a, b;", unsigned, (a, b, c, e) -> IntegerMath.minU64(a, b));
    add("max.s64 d, a, b;", three, (a, b, c, e) -> Math.max(a, b));
    add("abs.s64 d, a;", "s64 s64", (a, b, c, e) -> Math.abs(a));
    add("neg.s64 d, a;", "s64 s64", (a, b, c, e) -> -a);
    add("sad.s64 d, a, b, c;", "u64 s64 s64 u64", (a, b, c, e) -> IntegerMath.sadS64(a, b, c));
  }

  private void bits() {
    String three = "b32 b32 b32";
    String shift32 = "b32 b32 u32";
    add("and.b32 d, a, b;", three, (a, b, c, e) -> a & b);
    add("or.b64 d, a, b;", "b64 b64 b64", (a, b, c, e) -> a | b);
    add("xor.b16 d, a, b;", "b16 b16 b16", (a, b, c, e) -> a ^ b);
    add("not.b32 d, a;", "b32 b32", (a, b, c, e) -> ~a);
    add("not.b64 d, a;", "b64 b64", (a, b, c, e) -> ~a);
    add("cnot.b32 d, a;", "b32 b32", (a, b, c, e) -> i(a) == 0 ? 1 : 0);
    add("shl.b32 d, a, b;", shift32, (a, b, c, e) -> Shifts.shlB32(i(a), i(b)));
    add("shl.b64 d, a, b;", "b64 b64 u32", (a, b, c, e) -> Shifts.shlB64(a, i(b)));
    add("shl.b16 d, a, b;", "b16 b16 u32", (a, b, c, e) -> Shifts.shlB16(i(a), i(b)));
    add("shr.u32 d, a, b;", "u32 u32 u32", (a, b, c, e) -> Shifts.shrU32(i(a), i(b)));
    add("shr.s32 d, a, b;", "s32 s32 u32", (a, b, c, e) -> Shifts.shrS32(i(a), i(b)));
    add("shr.u64 d, a, b;", "u64 u64 u32", (a, b, c, e) -> Shifts.shrU64(a, i(b)));
    add("shr.s64 d, a, b;", "s64 s64 u32", (a, b, c, e) -> Shifts.shrS64(a, i(b)));
    add("shr.u16 d, a, b;", "u16 u16 u32", (a, b, c, e) -> Shifts.shrU16(i(a), i(b)));
    add("shr.s16 d, a, b;", "s16 s16 u32", (a, b, c, e) -> Shifts.shrS16(i(a), i(b)));
    add(
        "shf.l.clamp.b32 d, a, b, c;",
        "b32 b32 b32 u32",
        (a, b, c, e) -> Shifts.shfLeftClamp(i(a), i(b), i(c)));
    add(
        "shf.l.wrap.b32 d, a, b, c;",
        "b32 b32 b32 u32",
        (a, b, c, e) -> Shifts.shfLeftWrap(i(a), i(b), i(c)));
    add(
        "shf.r.clamp.b32 d, a, b, c;",
        "b32 b32 b32 u32",
        (a, b, c, e) -> Shifts.shfRightClamp(i(a), i(b), i(c)));
    add(
        "shf.r.wrap.b32 d, a, b, c;",
        "b32 b32 b32 u32",
        (a, b, c, e) -> Shifts.shfRightWrap(i(a), i(b), i(c)));
    for (int table : new int[] {0, 0x80, 0xfe, 0x96, 0xca, 0xe8, 0x1b, 0xff, 0x6a}) {
      add(
          "lop3.b32 d, a, b, c, " + table + ";",
          "b32 b32 b32 b32",
          (a, b, c, e) -> Bytes.lop3(i(a), i(b), i(c), table));
    }
  }

  private void fields() {
    String three = "b32 b32 b32";
    add("popc.b32 d, a;", "u32 b32", (a, b, c, e) -> Integer.bitCount(i(a)));
    add("popc.b64 d, a;", "u32 b64", (a, b, c, e) -> Long.bitCount(a));
    add("clz.b32 d, a;", "u32 b32", (a, b, c, e) -> Integer.numberOfLeadingZeros(i(a)));
    add("clz.b64 d, a;", "u32 b64", (a, b, c, e) -> Long.numberOfLeadingZeros(a));
    add("brev.b32 d, a;", "b32 b32", (a, b, c, e) -> Integer.reverse(i(a)));
    add("brev.b64 d, a;", "b64 b64", (a, b, c, e) -> Long.reverse(a));
    add("bfind.u32 d, a;", "u32 u32", (a, b, c, e) -> BitFields.bfindU32(i(a)));
    add("bfind.s32 d, a;", "u32 s32", (a, b, c, e) -> BitFields.bfindS32(i(a)));
    add("bfind.u64 d, a;", "u32 u64", (a, b, c, e) -> BitFields.bfindU64(a));
    add("bfind.s64 d, a;", "u32 s64", (a, b, c, e) -> BitFields.bfindS64(a));
    add("bfind.shiftamt.u32 d, a;", "u32 u32", (a, b, c, e) -> BitFields.bfindShiftU32(i(a)));
    add("bfind.shiftamt.s64 d, a;", "u32 s64", (a, b, c, e) -> BitFields.bfindShiftS64(a));
    add(
        "bfe.u32 d, a, b, c;",
        "u32 u32 u32 u32",
        (a, b, c, e) -> BitFields.bfeU32(i(a), i(b), i(c)));
    add(
        "bfe.s32 d, a, b, c;",
        "s32 s32 u32 u32",
        (a, b, c, e) -> BitFields.bfeS32(i(a), i(b), i(c)));
    add("bfe.u64 d, a, b, c;", "u64 u64 u32 u32", (a, b, c, e) -> BitFields.bfeU64(a, i(b), i(c)));
    add("bfe.s64 d, a, b, c;", "s64 s64 u32 u32", (a, b, c, e) -> BitFields.bfeS64(a, i(b), i(c)));
    add(
        "bfi.b32 d, a, b, c, e;",
        "b32 b32 b32 u32 u32",
        (a, b, c, e) -> BitFields.bfiB32(i(a), i(b), i(c), i(e)));
    add(
        "bfi.b64 d, a, b, c, e;",
        "b64 b64 b64 u32 u32",
        (a, b, c, e) -> BitFields.bfiB64(a, b, i(c), i(e)));
    add("fns.b32 d, a, 3, b;", "b32 b32 s32", (a, b, c, e) -> BitFields.fnsB32(i(a), 3, i(b)));
    add(
        "szext.clamp.s32 d, a, b;",
        "s32 s32 u32",
        (a, b, c, e) -> BitFields.szextClampS32(i(a), i(b)));
    add(
        "szext.wrap.u32 d, a, b;",
        "u32 u32 u32",
        (a, b, c, e) -> BitFields.szextWrapU32(i(a), i(b)));
    add("bmsk.clamp.b32 d, a, b;", three, (a, b, c, e) -> BitFields.bmskClamp(i(a), i(b)));
    add("bmsk.wrap.b32 d, a, b;", three, (a, b, c, e) -> BitFields.bmskWrap(i(a), i(b)));
  }

  private void packedBytes() {
    String four = "b32 b32 b32 b32";
    add("prmt.b32 d, a, b, c;", four, (a, b, c, e) -> Bytes.prmt(i(a), i(b), i(c)));
    add("prmt.b32 d, a, b, 0x5410;", "b32 b32 b32", (a, b, c, e) -> (a & 0xffff) | b << 16);
    add(
        "prmt.b32.f4e d, a, b, c;",
        four,
        (a, b, c, e) -> Bytes.prmtForward4Extract(i(a), i(b), i(c)));
    add(
        "prmt.b32.b4e d, a, b, c;",
        four,
        (a, b, c, e) -> Bytes.prmtBackward4Extract(i(a), i(b), i(c)));
    add("prmt.b32.rc8 d, a, b, c;", four, (a, b, c, e) -> Bytes.prmtReplicate8(i(a), i(b), i(c)));
    add(
        "prmt.b32.ecl d, a, b, c;",
        four,
        (a, b, c, e) -> Bytes.prmtEdgeClampLeft(i(a), i(b), i(c)));
    add(
        "prmt.b32.ecr d, a, b, c;",
        four,
        (a, b, c, e) -> Bytes.prmtEdgeClampRight(i(a), i(b), i(c)));
    add("prmt.b32.rc16 d, a, b, c;", four, (a, b, c, e) -> Bytes.prmtReplicate16(i(a), i(b), i(c)));
    add("dp4a.u32.u32 d, a, b, c;", four, (a, b, c, e) -> Bytes.dp4aU32U32(i(a), i(b), i(c)));
    add("dp4a.s32.s32 d, a, b, c;", four, (a, b, c, e) -> Bytes.dp4aS32S32(i(a), i(b), i(c)));
    add("dp4a.u32.s32 d, a, b, c;", four, (a, b, c, e) -> Bytes.dp4aU32S32(i(a), i(b), i(c)));
    add("dp4a.s32.u32 d, a, b, c;", four, (a, b, c, e) -> Bytes.dp4aS32U32(i(a), i(b), i(c)));
    add("dp2a.lo.s32.s32 d, a, b, c;", four, (a, b, c, e) -> Bytes.dp2aLoS32S32(i(a), i(b), i(c)));
    add(
        "dp2a.hi.u32.s32 d, a, b, c;",
        four,
        (a, b, c, e) -> Bytes.dp2aLoU32S32(i(a), i(b) >>> 16, i(c)));
  }

  private void floats() {
    String three = "f32 f32 f32";
    String four = "f32 f32 f32 f32";
    add("add.f32 d, a, b;", three, (a, b, c, e) -> bits(f(a) + f(b)));
    add("add.ftz.f32 d, a, b;", three, (a, b, c, e) -> bits(flush(flush(f(a)) + flush(f(b)))));
    add("add.sat.f32 d, a, b;", three, (a, b, c, e) -> bits(FloatModifiers.saturate(f(a) + f(b))));
    add("add.rz.f32 d, a, b;", three, (a, b, c, e) -> bits(DirectedFloat.addRz(f(a), f(b))));
    add("add.rm.f32 d, a, b;", three, (a, b, c, e) -> bits(DirectedFloat.addRm(f(a), f(b))));
    add("add.rp.f32 d, a, b;", three, (a, b, c, e) -> bits(DirectedFloat.addRp(f(a), f(b))));
    add("sub.rn.f32 d, a, b;", three, (a, b, c, e) -> bits(f(a) - f(b)));
    add("sub.rz.f32 d, a, b;", three, (a, b, c, e) -> bits(DirectedFloat.addRz(f(a), -f(b))));
    add("mul.f32 d, a, b;", three, (a, b, c, e) -> bits(f(a) * f(b)));
    add(
        "mul.rp.ftz.f32 d, a, b;",
        three,
        (a, b, c, e) -> bits(flush(DirectedFloat.mulRp(flush(f(a)), flush(f(b))))));
    add("fma.rn.f32 d, a, b, c;", four, (a, b, c, e) -> bits(Math.fma(f(a), f(b), f(c))));
    add(
        "fma.rn.ftz.sat.f32 d, a, b, c;",
        four,
        (a, b, c, e) ->
            bits(FloatModifiers.saturate(flush(Math.fma(flush(f(a)), flush(f(b)), flush(f(c)))))));
    add(
        "fma.rz.f32 d, a, b, c;",
        four,
        (a, b, c, e) -> bits(DirectedFloat.fmaRz(f(a), f(b), f(c))));
    add(
        "fma.rm.f32 d, a, b, c;",
        four,
        (a, b, c, e) -> bits(DirectedFloat.fmaRm(f(a), f(b), f(c))));
    add("mad.rn.f32 d, a, b, c;", four, (a, b, c, e) -> bits(Math.fma(f(a), f(b), f(c))));
  }

  private void roots() {
    String two = "f32 f32";
    String three = "f32 f32 f32";
    add("div.rn.f32 d, a, b;", three, (a, b, c, e) -> bits(f(a) / f(b)));
    add("div.rp.f32 d, a, b;", three, (a, b, c, e) -> bits(DirectedFloat.divRp(f(a), f(b))));
    add("rcp.rn.f32 d, a;", two, (a, b, c, e) -> bits(1 / f(a)));
    add("rcp.rz.f32 d, a;", two, (a, b, c, e) -> bits(DirectedFloat.divRz(1, f(a))));
    add("sqrt.rn.f32 d, a;", two, (a, b, c, e) -> bits((float) Math.sqrt(f(a))));
    add("sqrt.rp.f32 d, a;", two, (a, b, c, e) -> bits(DirectedFloat.sqrtRp(f(a))));
    add("abs.f32 d, a;", two, (a, b, c, e) -> bits(Math.abs(f(a))));
    add("neg.ftz.f32 d, a;", two, (a, b, c, e) -> bits(-flush(f(a))));
    add("min.f32 d, a, b;", three, (a, b, c, e) -> bits(FloatMinMax.min(f(a), f(b))));
    add("max.NaN.f32 d, a, b;", three, (a, b, c, e) -> bits(FloatMinMax.maxNan(f(a), f(b))));
    add(
        "min.xorsign.abs.f32 d, a, b;",
        three,
        (a, b, c, e) -> bits(FloatMinMax.minXorSign(f(a), f(b))));
    add("copysign.f32 d, a, b;", three, (a, b, c, e) -> bits(FloatModifiers.copySign(f(a), f(b))));
    add(
        "testp.finite.f32 p, a;",
        "pred f32",
        (a, b, c, e) -> FloatModifiers.isFinite(f(a)) ? 1 : 0);
    add(
        "testp.infinite.f32 p, a;",
        "pred f32",
        (a, b, c, e) -> FloatModifiers.isInfinite(f(a)) ? 1 : 0);
    add(
        "testp.notanumber.f32 p, a;",
        "pred f32",
        (a, b, c, e) -> FloatModifiers.isNotANumber(f(a)) ? 1 : 0);
    add(
        "testp.subnormal.f32 p, a;",
        "pred f32",
        (a, b, c, e) -> FloatModifiers.isSubnormal(f(a)) ? 1 : 0);
    add(
        "testp.normal.f64 p, a;",
        "pred f64",
        (a, b, c, e) -> FloatModifiers.isNormal(d(a)) ? 1 : 0);
  }

  private static float flush(float value) {
    return FloatModifiers.flush(value);
  }

  private void approximate() {
    String two = "f32 f32";
    add(
        "rcp.approx.ftz.f32 d, a;",
        two,
        (a, b, c, e) -> bits(flush(ApproximateFloat.rcp(flush(f(a))))));
    add("rsqrt.approx.f32 d, a;", two, (a, b, c, e) -> bits(ApproximateFloat.rsqrt(f(a))));
    add("sqrt.approx.f32 d, a;", two, (a, b, c, e) -> bits(ApproximateFloat.sqrt(f(a))));
    add("ex2.approx.f32 d, a;", two, (a, b, c, e) -> bits(ApproximateFloat.ex2(f(a))));
    add(
        "lg2.approx.ftz.f32 d, a;",
        two,
        (a, b, c, e) -> bits(flush(ApproximateFloat.lg2(flush(f(a))))));
    add("sin.approx.f32 d, a;", two, (a, b, c, e) -> bits(ApproximateFloat.sin(f(a))));
    add("cos.approx.f32 d, a;", two, (a, b, c, e) -> bits(ApproximateFloat.cos(f(a))));
    add("tanh.approx.f32 d, a;", two, (a, b, c, e) -> bits(ApproximateFloat.tanh(f(a))));
    add(
        "div.approx.f32 d, a, b;",
        "f32 f32 f32",
        (a, b, c, e) -> bits(ApproximateFloat.divApprox(f(a), f(b))));
    add(
        "div.full.f32 d, a, b;",
        "f32 f32 f32",
        (a, b, c, e) -> bits(ApproximateFloat.divFull(f(a), f(b))));
    add("rcp.approx.ftz.f64 d, a;", "f64 f64", (a, b, c, e) -> bits(ApproximateDouble.rcp(d(a))));
    add("rsqrt.approx.f64 d, a;", "f64 f64", (a, b, c, e) -> bits(ApproximateDouble.rsqrt(d(a))));
  }

  private void doubles() {
    String two = "f64 f64";
    String three = "f64 f64 f64";
    String four = "f64 f64 f64 f64";
    add("add.f64 d, a, b;", three, (a, b, c, e) -> bits(d(a) + d(b)));
    add("add.rz.f64 d, a, b;", three, (a, b, c, e) -> bits(DirectedDouble.addRz(d(a), d(b))));
    add("sub.rm.f64 d, a, b;", three, (a, b, c, e) -> bits(DirectedDouble.addRm(d(a), -d(b))));
    add("mul.rp.f64 d, a, b;", three, (a, b, c, e) -> bits(DirectedDouble.mulRp(d(a), d(b))));
    add("mul.rn.f64 d, a, b;", three, (a, b, c, e) -> bits(d(a) * d(b)));
    add("fma.rn.f64 d, a, b, c;", four, (a, b, c, e) -> bits(Math.fma(d(a), d(b), d(c))));
    add(
        "fma.rz.f64 d, a, b, c;",
        four,
        (a, b, c, e) -> bits(DirectedDouble.fmaRz(d(a), d(b), d(c))));
    add("div.rn.f64 d, a, b;", three, (a, b, c, e) -> bits(d(a) / d(b)));
    add("div.rm.f64 d, a, b;", three, (a, b, c, e) -> bits(DirectedDouble.divRm(d(a), d(b))));
    add("rcp.rn.f64 d, a;", two, (a, b, c, e) -> bits(1 / d(a)));
    add("sqrt.rn.f64 d, a;", two, (a, b, c, e) -> bits(Math.sqrt(d(a))));
    add("sqrt.rz.f64 d, a;", two, (a, b, c, e) -> bits(DirectedDouble.sqrtRz(d(a))));
    add("min.f64 d, a, b;", three, (a, b, c, e) -> bits(FloatMinMax.min(d(a), d(b))));
    add("max.f64 d, a, b;", three, (a, b, c, e) -> bits(FloatMinMax.max(d(a), d(b))));
    add("abs.f64 d, a;", two, (a, b, c, e) -> bits(Math.abs(d(a))));
    add("neg.f64 d, a;", two, (a, b, c, e) -> bits(-d(a)));
    add("copysign.f64 d, a, b;", three, (a, b, c, e) -> bits(FloatModifiers.copySign(d(a), d(b))));
  }

  private void comparisons() {
    String ints = "pred s32 s32";
    String floats = "pred f32 f32";
    add("setp.lt.s32 p, a, b;", ints, (a, b, c, e) -> i(a) < i(b) ? 1 : 0);
    add(
        "setp.hs.u32 p, a, b;",
        "pred u32 u32",
        (a, b, c, e) -> Integer.compareUnsigned(i(a), i(b)) >= 0 ? 1 : 0);
    add(
        "setp.lo.u64 p, a, b;",
        "pred u64 u64",
        (a, b, c, e) -> Long.compareUnsigned(a, b) < 0 ? 1 : 0);
    add("setp.gt.s16 p, a, b;", "pred s16 s16", (a, b, c, e) -> (short) a > (short) b ? 1 : 0);
    add(
        "setp.ls.u16 p, a, b;",
        "pred u16 u16",
        (a, b, c, e) -> (a & 0xffff) <= (b & 0xffff) ? 1 : 0);
    add("setp.eq.b64 p, a, b;", "pred b64 b64", (a, b, c, e) -> a == b ? 1 : 0);
    add("setp.lt.f32 p, a, b;", floats, (a, b, c, e) -> f(a) < f(b) ? 1 : 0);
    add("setp.ge.f32 p, a, b;", floats, (a, b, c, e) -> f(a) >= f(b) ? 1 : 0);
    add("setp.ne.f32 p, a, b;", floats, (a, b, c, e) -> f(a) < f(b) || f(a) > f(b) ? 1 : 0);
    add("setp.neu.f32 p, a, b;", floats, (a, b, c, e) -> f(a) != f(b) ? 1 : 0);
    add("setp.equ.f32 p, a, b;", floats, (a, b, c, e) -> f(a) < f(b) || f(a) > f(b) ? 0 : 1);
    add("setp.ltu.f64 p, a, b;", "pred f64 f64", (a, b, c, e) -> d(a) >= d(b) ? 0 : 1);
    add("setp.geu.f64 p, a, b;", "pred f64 f64", (a, b, c, e) -> d(a) < d(b) ? 0 : 1);
    add(
        "setp.num.f32 p, a, b;",
        floats,
        (a, b, c, e) -> Float.isNaN(f(a)) || Float.isNaN(f(b)) ? 0 : 1);
    add(
        "setp.nan.f32 p, a, b;",
        floats,
        (a, b, c, e) -> Float.isNaN(f(a)) || Float.isNaN(f(b)) ? 1 : 0);
    add("setp.lt.ftz.f32 p, a, b;", floats, (a, b, c, e) -> flush(f(a)) < flush(f(b)) ? 1 : 0);
    add("set.gt.u32.s32 d, a, b;", "u32 s32 s32", (a, b, c, e) -> i(a) > i(b) ? -1 : 0);
    add("set.le.f32.s32 d, a, b;", "f32 s32 s32", (a, b, c, e) -> bits(i(a) <= i(b) ? 1f : 0f));
    add("slct.s32.s32 d, a, b, c;", "s32 s32 s32 s32", (a, b, c, e) -> i(c) >= 0 ? a : b);
    add("slct.f32.f32 d, a, b, c;", "f32 f32 f32 f32", (a, b, c, e) -> f(c) >= 0 ? a : b);
  }
}
