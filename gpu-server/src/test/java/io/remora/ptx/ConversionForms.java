// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static io.remora.ptx.InstructionForms.bits;
import static io.remora.ptx.InstructionForms.d;
import static io.remora.ptx.InstructionForms.f;
import static io.remora.ptx.InstructionForms.i;

import io.remora.ptx.InstructionForms.Form;
import io.remora.ptx.InstructionForms.Reference;
import io.remora.ptx.math.FloatModifiers;
import io.remora.ptx.math.FloatToInteger;
import io.remora.ptx.math.IntegerConversion;
import io.remora.ptx.math.Narrowing;
import java.util.List;

/** {@code cvt} between integers, {@code .f32} and {@code .f64}. */
final class ConversionForms {
  private final List<Form> forms;

  private ConversionForms(List<Form> forms) {
    this.forms = forms;
  }

  static void addTo(List<Form> forms) {
    ConversionForms table = new ConversionForms(forms);
    table.integers();
    table.toFloats();
    table.toIntegers();
    table.betweenFloats();
  }

  private void add(String text, String types, Reference reference) {
    forms.add(new Form(text, types, reference));
  }

  private void integers() {
    add("cvt.s64.s32 d, a;", "s64 s32", (a, b, c, e) -> i(a));
    add("cvt.u64.u32 d, a;", "u64 u32", (a, b, c, e) -> a & 0xffff_ffffL);
    add("cvt.u32.u64 d, a;", "u32 u64", (a, b, c, e) -> a);
    add("cvt.s32.s8 d, a;", "s32 s32", (a, b, c, e) -> (byte) a);
    add("cvt.u32.u8 d, a;", "u32 u32", (a, b, c, e) -> a & 0xff);
    add("cvt.s32.s16 d, a;", "s32 s16", (a, b, c, e) -> (short) a);
    add("cvt.u16.u32 d, a;", "u16 u32", (a, b, c, e) -> a);
    add("cvt.s64.u16 d, a;", "s64 u16", (a, b, c, e) -> a & 0xffff);
    add(
        "cvt.sat.s8.s32 d, a;",
        "s32 s32",
        (a, b, c, e) -> IntegerConversion.saturateSignedToSigned(i(a), 8));
    add(
        "cvt.sat.u8.s32 d, a;",
        "u32 s32",
        (a, b, c, e) -> IntegerConversion.saturateSignedToUnsigned(i(a), 8));
    add(
        "cvt.sat.u16.s32 d, a;",
        "u16 s32",
        (a, b, c, e) -> IntegerConversion.saturateSignedToUnsigned(i(a), 16));
    add(
        "cvt.sat.s16.u32 d, a;",
        "s16 u32",
        (a, b, c, e) -> IntegerConversion.saturateUnsignedToSigned(a & 0xffff_ffffL, 16));
    add(
        "cvt.sat.s32.s64 d, a;",
        "s32 s64",
        (a, b, c, e) -> IntegerConversion.saturateSignedToSigned(a, 32));
    add(
        "cvt.sat.u32.s64 d, a;",
        "u32 s64",
        (a, b, c, e) -> IntegerConversion.saturateSignedToUnsigned(a, 32));
    add(
        "cvt.sat.s32.u64 d, a;",
        "s32 u64",
        (a, b, c, e) -> IntegerConversion.saturateUnsignedToSigned(a, 32));
    add("cvt.sat.u32.s32 d, a;", "u32 s32", (a, b, c, e) -> Math.max(0, i(a)));
  }

  private void toFloats() {
    add("cvt.rn.f32.s32 d, a;", "f32 s32", (a, b, c, e) -> bits((float) i(a)));
    add("cvt.rn.f32.u32 d, a;", "f32 u32", (a, b, c, e) -> bits((float) (a & 0xffff_ffffL)));
    add(
        "cvt.rz.f32.s32 d, a;",
        "f32 s32",
        (a, b, c, e) -> bits(IntegerConversion.s64ToF32Rz(i(a))));
    add(
        "cvt.rp.f32.u32 d, a;",
        "f32 u32",
        (a, b, c, e) -> bits(IntegerConversion.u64ToF32Rp(a & 0xffff_ffffL)));
    add("cvt.rm.f32.s64 d, a;", "f32 s64", (a, b, c, e) -> bits(IntegerConversion.s64ToF32Rm(a)));
    add("cvt.rn.f32.u64 d, a;", "f32 u64", (a, b, c, e) -> bits(IntegerConversion.u64ToF32Rn(a)));
    add("cvt.rn.f32.s16 d, a;", "f32 s16", (a, b, c, e) -> bits((float) (short) a));
    add("cvt.rn.f32.u8 d, a;", "f32 u32", (a, b, c, e) -> bits((float) (a & 0xff)));
    add("cvt.rn.f64.s32 d, a;", "f64 s32", (a, b, c, e) -> bits((double) i(a)));
    add("cvt.rn.f64.u32 d, a;", "f64 u32", (a, b, c, e) -> bits((double) (a & 0xffff_ffffL)));
    add("cvt.rn.f64.u64 d, a;", "f64 u64", (a, b, c, e) -> bits(IntegerConversion.u64ToF64Rn(a)));
    add("cvt.rz.f64.s64 d, a;", "f64 s64", (a, b, c, e) -> bits(IntegerConversion.s64ToF64Rz(a)));
    add("cvt.rp.f64.u64 d, a;", "f64 u64", (a, b, c, e) -> bits(IntegerConversion.u64ToF64Rp(a)));
  }

  private void toIntegers() {
    add("cvt.rzi.s32.f32 d, a;", "s32 f32", (a, b, c, e) -> i((int) f(a)));
    add(
        "cvt.rni.s32.f32 d, a;",
        "s32 f32",
        (a, b, c, e) -> FloatToInteger.toS32(FloatToInteger.roundRni(f(a))));
    add(
        "cvt.rmi.ftz.s32.f32 d, a;",
        "s32 f32",
        (a, b, c, e) -> FloatToInteger.toS32(FloatToInteger.roundRmi(FloatModifiers.flush(f(a)))));
    add(
        "cvt.rpi.u32.f32 d, a;",
        "u32 f32",
        (a, b, c, e) -> FloatToInteger.toU32(FloatToInteger.roundRpi(f(a))));
    add("cvt.rzi.u32.f32 d, a;", "u32 f32", (a, b, c, e) -> FloatToInteger.toU32(f(a)));
    add("cvt.rzi.s64.f32 d, a;", "s64 f32", (a, b, c, e) -> FloatToInteger.toS64(f(a)));
    add("cvt.rzi.u64.f32 d, a;", "u64 f32", (a, b, c, e) -> FloatToInteger.toU64(f(a)));
    add("cvt.rzi.s16.f32 d, a;", "s16 f32", (a, b, c, e) -> FloatToInteger.toS16(f(a)));
    add("cvt.rzi.u8.f32 d, a;", "u32 f32", (a, b, c, e) -> FloatToInteger.toU8(f(a)));
    add(
        "cvt.rni.s8.f32 d, a;",
        "s32 f32",
        (a, b, c, e) -> FloatToInteger.toS8(FloatToInteger.roundRni(f(a))));
    add("cvt.rzi.s32.f64 d, a;", "s32 f64", (a, b, c, e) -> FloatToInteger.toS32(d(a)));
    add(
        "cvt.rni.u32.f64 d, a;",
        "u32 f64",
        (a, b, c, e) -> FloatToInteger.toU32(FloatToInteger.roundRni(d(a))));
    add(
        "cvt.rmi.s64.f64 d, a;",
        "s64 f64",
        (a, b, c, e) -> FloatToInteger.toS64(FloatToInteger.roundRmi(d(a))));
    add(
        "cvt.rpi.u64.f64 d, a;",
        "u64 f64",
        (a, b, c, e) -> FloatToInteger.toU64(FloatToInteger.roundRpi(d(a))));
  }

  private void betweenFloats() {
    add("cvt.f64.f32 d, a;", "f64 f32", (a, b, c, e) -> bits((double) f(a)));
    add("cvt.rn.f32.f64 d, a;", "f32 f64", (a, b, c, e) -> bits((float) d(a)));
    add("cvt.rz.f32.f64 d, a;", "f32 f64", (a, b, c, e) -> bits(Narrowing.toFloatRz(d(a))));
    add("cvt.rm.f32.f64 d, a;", "f32 f64", (a, b, c, e) -> bits(Narrowing.toFloatRm(d(a))));
    add(
        "cvt.rp.ftz.f32.f64 d, a;",
        "f32 f64",
        (a, b, c, e) -> bits(FloatModifiers.flush(Narrowing.toFloatRp(d(a)))));
    add("cvt.sat.f32.f32 d, a;", "f32 f32", (a, b, c, e) -> bits(FloatModifiers.saturate(f(a))));
    add("cvt.rni.f32.f32 d, a;", "f32 f32", (a, b, c, e) -> bits(FloatToInteger.roundRni(f(a))));
    add("cvt.rzi.f32.f32 d, a;", "f32 f32", (a, b, c, e) -> bits(FloatToInteger.roundRzi(f(a))));
    add("cvt.rmi.f64.f64 d, a;", "f64 f64", (a, b, c, e) -> bits(FloatToInteger.roundRmi(d(a))));
    add("cvt.rpi.f64.f64 d, a;", "f64 f64", (a, b, c, e) -> bits(FloatToInteger.roundRpi(d(a))));
  }
}
