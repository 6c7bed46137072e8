// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static io.remora.ptx.InstructionForms.bits;
import static io.remora.ptx.InstructionForms.d;
import static io.remora.ptx.InstructionForms.f;
import static io.remora.ptx.InstructionForms.i;

import io.remora.ptx.InstructionForms.Form;
import io.remora.ptx.InstructionForms.Reference;
import io.remora.ptx.math.Bfloat;
import io.remora.ptx.math.BfloatArithmetic;
import io.remora.ptx.math.EightBitFloat;
import io.remora.ptx.math.FloatModifiers;
import io.remora.ptx.math.FloatToInteger;
import io.remora.ptx.math.Half;
import io.remora.ptx.math.HalfArithmetic;
import java.util.List;

/** Arithmetic and conversions of 16-bit and 8-bit floating point. */
final class HalfForms {
  private final List<Form> forms;

  private HalfForms(List<Form> forms) {
    this.forms = forms;
  }

  static void addTo(List<Form> forms) {
    HalfForms table = new HalfForms(forms);
    table.halves();
    table.bfloats();
    table.conversions();
    table.packedConversions();
  }

  private void add(String text, String types, Reference reference) {
    forms.add(new Form(text, types, reference));
  }

  private void halves() {
    String three = "f16 f16 f16";
    String packed = "f16x2 f16x2 f16x2";
    add("add.f16 d, a, b;", three, (a, b, c, e) -> HalfArithmetic.add(i(a), i(b)));
    add(
        "add.sat.f16 d, a, b;",
        three,
        (a, b, c, e) -> Half.saturate(HalfArithmetic.add(i(a), i(b))));
    add("sub.rn.f16 d, a, b;", three, (a, b, c, e) -> HalfArithmetic.sub(i(a), i(b)));
    add("mul.f16 d, a, b;", three, (a, b, c, e) -> HalfArithmetic.mul(i(a), i(b)));
    add(
        "mul.ftz.f16 d, a, b;",
        three,
        (a, b, c, e) -> Half.flush(HalfArithmetic.mul(Half.flush(i(a)), Half.flush(i(b)))));
    add(
        "fma.rn.f16 d, a, b, c;",
        "f16 f16 f16 f16",
        (a, b, c, e) -> HalfArithmetic.fma(i(a), i(b), i(c)));
    add(
        "fma.rn.relu.f16 d, a, b, c;",
        "f16 f16 f16 f16",
        (a, b, c, e) -> Half.relu(HalfArithmetic.fma(i(a), i(b), i(c))));
    add("min.f16 d, a, b;", three, (a, b, c, e) -> HalfArithmetic.min(i(a), i(b)));
    add("max.NaN.f16 d, a, b;", three, (a, b, c, e) -> HalfArithmetic.maxNan(i(a), i(b)));
    add("neg.f16 d, a;", "f16 f16", (a, b, c, e) -> Half.neg(i(a)));
    add("abs.f16 d, a;", "f16 f16", (a, b, c, e) -> Half.abs(i(a)));
    add("ex2.approx.f16 d, a;", "f16 f16", (a, b, c, e) -> HalfArithmetic.ex2(i(a)));
    add("tanh.approx.f16 d, a;", "f16 f16", (a, b, c, e) -> HalfArithmetic.tanh(i(a)));
    add("add.f16x2 d, a, b;", packed, (a, b, c, e) -> HalfArithmetic.addX2(i(a), i(b)));
    add("mul.f16x2 d, a, b;", packed, (a, b, c, e) -> HalfArithmetic.mulX2(i(a), i(b)));
    add(
        "fma.rn.f16x2 d, a, b, c;",
        "f16x2 f16x2 f16x2 f16x2",
        (a, b, c, e) -> HalfArithmetic.fmaX2(i(a), i(b), i(c)));
    add("max.f16x2 d, a, b;", packed, (a, b, c, e) -> HalfArithmetic.maxX2(i(a), i(b)));
    add("neg.f16x2 d, a;", "f16x2 f16x2", (a, b, c, e) -> HalfArithmetic.negX2(i(a)));
    add(
        "setp.lt.f16 p, a, b;",
        "pred f16 f16",
        (a, b, c, e) -> Half.toFloat(i(a)) < Half.toFloat(i(b)) ? 1 : 0);
    add(
        "setp.geu.f16 p, a, b;",
        "pred f16 f16",
        (a, b, c, e) -> Half.toFloat(i(a)) < Half.toFloat(i(b)) ? 0 : 1);
  }

  private void bfloats() {
    String three = "bf16 bf16 bf16";
    String packed = "bf16x2 bf16x2 bf16x2";
    add("add.rn.bf16 d, a, b;", three, (a, b, c, e) -> BfloatArithmetic.add(i(a), i(b)));
    add("mul.rn.bf16 d, a, b;", three, (a, b, c, e) -> BfloatArithmetic.mul(i(a), i(b)));
    add(
        "fma.rn.bf16 d, a, b, c;",
        "bf16 bf16 bf16 bf16",
        (a, b, c, e) -> BfloatArithmetic.fma(i(a), i(b), i(c)));
    add("max.bf16 d, a, b;", three, (a, b, c, e) -> BfloatArithmetic.max(i(a), i(b)));
    add("neg.bf16 d, a;", "bf16 bf16", (a, b, c, e) -> Bfloat.neg(i(a)));
    add(
        "fma.rn.bf16x2 d, a, b, c;",
        "bf16x2 bf16x2 bf16x2 bf16x2",
        (a, b, c, e) -> BfloatArithmetic.fmaX2(i(a), i(b), i(c)));
    add("min.bf16x2 d, a, b;", packed, (a, b, c, e) -> BfloatArithmetic.minX2(i(a), i(b)));
  }

  private void conversions() {
    add("cvt.f32.f16 d, a;", "f32 f16", (a, b, c, e) -> bits(Half.toFloat(i(a))));
    add("cvt.f64.f16 d, a;", "f64 f16", (a, b, c, e) -> bits((double) Half.toFloat(i(a))));
    add("cvt.rn.f16.f32 d, a;", "f16 f32", (a, b, c, e) -> Half.fromFloat(f(a)));
    add("cvt.rz.f16.f32 d, a;", "f16 f32", (a, b, c, e) -> Half.fromFloatRz(f(a)));
    add("cvt.rm.f16.f32 d, a;", "f16 f32", (a, b, c, e) -> Half.fromFloatRm(f(a)));
    add("cvt.rp.f16.f32 d, a;", "f16 f32", (a, b, c, e) -> Half.fromFloatRp(f(a)));
    add("cvt.rn.sat.f16.f32 d, a;", "f16 f32", (a, b, c, e) -> Half.saturate(Half.fromFloat(f(a))));
    add("cvt.rn.f16.f64 d, a;", "f16 f64", (a, b, c, e) -> Half.fromDouble(d(a)));
    add("cvt.rz.f16.f64 d, a;", "f16 f64", (a, b, c, e) -> Half.fromFloatRz(Half.oddFloat(d(a))));
    add(
        "cvt.rn.f16.s32 d, a;",
        "f16 s32",
        (a, b, c, e) -> Half.fromFloat(Half.oddFloat((long) i(a))));
    add("cvt.rn.f16.u64 d, a;", "f16 u64", (a, b, c, e) -> Half.fromFloat(Half.oddFloatU64(a)));
    add(
        "cvt.rzi.s32.f16 d, a;",
        "s32 f16",
        (a, b, c, e) -> FloatToInteger.toS32(Half.toFloat(i(a))));
    add(
        "cvt.rni.u16.f16 d, a;",
        "u16 f16",
        (a, b, c, e) -> FloatToInteger.toU16(FloatToInteger.roundRni(Half.toFloat(i(a)))));
    add(
        "cvt.rmi.f16.f16 d, a;",
        "f16 f16",
        (a, b, c, e) -> Half.fromFloat(FloatToInteger.roundRmi(Half.toFloat(i(a)))));
    add("cvt.f32.bf16 d, a;", "f32 bf16", (a, b, c, e) -> bits(Bfloat.toFloat(i(a))));
    add("cvt.rn.bf16.f32 d, a;", "bf16 f32", (a, b, c, e) -> Bfloat.fromFloat(f(a)));
    add("cvt.rz.bf16.f32 d, a;", "bf16 f32", (a, b, c, e) -> Bfloat.fromFloatRz(f(a)));
    add(
        "cvt.rn.relu.bf16.f32 d, a;",
        "bf16 f32",
        (a, b, c, e) -> Bfloat.relu(Bfloat.fromFloat(f(a))));
    add("cvt.rna.tf32.f32 d, a;", "b32 f32", (a, b, c, e) -> bits(Bfloat.toTf32Rna(f(a))));
  }

  private void packedConversions() {
    add("cvt.rn.f16x2.f32 d, a, b;", "b32 f32 f32", (a, b, c, e) -> Half.packX2(f(a), f(b)));
    add("cvt.rn.bf16x2.f32 d, a, b;", "b32 f32 f32", (a, b, c, e) -> Bfloat.packX2(f(a), f(b)));
    add(
        "cvt.rn.satfinite.e4m3x2.f32 d, a, b;",
        "b16 f32 f32",
        (a, b, c, e) -> EightBitFloat.packE4m3X2(f(a), f(b)));
    add(
        "cvt.rn.satfinite.relu.e5m2x2.f32 d, a, b;",
        "b16 f32 f32",
        (a, b, c, e) ->
            EightBitFloat.packE5m2X2(FloatModifiers.relu(f(a)), FloatModifiers.relu(f(b))));
    add(
        "cvt.rn.satfinite.e4m3x2.f16x2 d, a;",
        "b16 b32",
        (a, b, c, e) -> EightBitFloat.e4m3X2FromHalves(i(a)));
    add(
        "cvt.rn.f16x2.e4m3x2 d, a;",
        "b32 b16",
        (a, b, c, e) -> EightBitFloat.halvesFromE4m3X2(i(a)));
    add(
        "cvt.rn.f16x2.e5m2x2 d, a;",
        "b32 b16",
        (a, b, c, e) -> EightBitFloat.halvesFromE5m2X2(i(a)));
  }
}
