// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.oracle;

import static io.remora.ptx.oracle.Approximation.absolute;
import static io.remora.ptx.oracle.Approximation.relative;
import static io.remora.ptx.oracle.Approximation.ulps;
import static org.assertj.core.api.Assertions.assertThat;

import io.remora.ptx.KernelFault;
import io.remora.ptx.PtxException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.DoubleBinaryOperator;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Approximate instructions (PTX ISA 9.7.3, 9.7.4) against double precision: not bit for bit, but
 * within the manual's bounds, with the manual's results for special values.
 */
final class ApproximationTest {
  private static final int THREADS = 128;
  private static final int BLOCKS = 4;
  private static final int INPUT_BYTES = 16;
  private static final double LN2 = Math.log(2);

  private static final List<Approximation> FORMS = forms();

  private final OracleRig rig = new OracleRig(1);

  @AfterEach
  void close() {
    rig.close();
  }

  private static List<Approximation> forms() {
    var forms = new ArrayList<Approximation>();
    for (String ftz : new String[] {"", ".ftz"}) {
      String single = ".approx" + ftz + ".f32";
      add(forms, "rcp" + single, Format.F32, a -> 1 / a, ulps(1));
      add(forms, "sqrt" + single, Format.F32, Math::sqrt, relative(0x1p-23));
      add(forms, "rsqrt" + single, Format.F32, a -> 1 / Math.sqrt(a), relative(twoTo(-22.9)));
      add(forms, "sin" + single, Format.F32, Math::sin, ApproximationTest::turns);
      add(forms, "cos" + single, Format.F32, Math::cos, ApproximationTest::turns);
      add(forms, "lg2" + single, Format.F32, a -> Math.log(a) / LN2, ApproximationTest::logarithm);
      add(forms, "ex2" + single, Format.F32, ApproximationTest::twoTo, ulps(2));
      add(
          forms,
          "ex2.approx" + ftz + ".f16",
          Format.F16,
          ApproximationTest::twoTo,
          relative(twoTo(-9.9)));
      forms.add(
          new Approximation(
              "div.approx" + ftz + ".f32", Format.F32, 1, 2, ApproximationTest::quotient, ulps(2)));
      DoubleBinaryOperator full = (a, b) -> a / b;
      forms.add(new Approximation("div.full" + ftz + ".f32", Format.F32, 1, 2, full, ulps(2)));
    }
    add(forms, "tanh.approx.f32", Format.F32, Math::tanh, relative(0x1p-11));
    add(forms, "tanh.approx.f16", Format.F16, Math::tanh, absolute(twoTo(-10.987)));
    add(forms, "tanh.approx.bf16", Format.BF16, Math::tanh, absolute(0x1p-8));
    add(forms, "ex2.approx.ftz.bf16", Format.BF16, ApproximationTest::twoTo, relative(0x1p-7));
    add(forms, "tanh.approx.f16x2", Format.F16, Math::tanh, absolute(twoTo(-10.987)));
    add(forms, "tanh.approx.bf16x2", Format.BF16, Math::tanh, absolute(0x1p-8));
    add(forms, "ex2.approx.f16x2", Format.F16, ApproximationTest::twoTo, relative(twoTo(-9.9)));
    add(forms, "ex2.approx.ftz.bf16x2", Format.BF16, ApproximationTest::twoTo, relative(0x1p-7));
    // Only the upper word of operand and result counts; its last bit may be cut off.
    add(forms, "rcp.approx.ftz.f64", Format.F64, a -> 1 / upper(a), relative(0x1p-20));
    add(forms, "rsqrt.approx.ftz.f64", Format.F64, a -> 1 / Math.sqrt(upper(a)), relative(0x1p-20));
    add(forms, "rsqrt.approx.f64", Format.F64, a -> 1 / Math.sqrt(a), relative(twoTo(-22.9)));
    return forms;
  }

  private static void add(
      List<Approximation> forms,
      String form,
      Format format,
      DoubleUnaryOperator exact,
      Approximation.Bound bound) {
    int parts = form.endsWith("x2") ? 2 : 1;
    forms.add(new Approximation(form, format, parts, 1, (a, b) -> exact.applyAsDouble(a), bound));
  }

  private static double twoTo(double exponent) {
    return Math.pow(2, exponent);
  }

  private static double upper(double a) {
    return Double.longBitsToDouble(Double.doubleToRawLongBits(a) & 0xffff_ffff_0000_0000L);
  }

  /** {@code sin} and {@code cos}: nothing is promised beyond 50 turns. */
  private static double turns(double a, double exact, double ulp) {
    double turns = Math.abs(a) / (2 * Math.PI);
    return turns <= 1 ? twoTo(-20.5) : turns <= 50 ? twoTo(-14.7) : 2;
  }

  private static double logarithm(double a, double exact, double ulp) {
    return a > 0.5 && a < 2 ? 0x1p-22 : Math.abs(exact) * 0x1p-22;
  }

  /** {@code div.approx}: divisors beyond 2^126 count as infinite. */
  private static double quotient(double a, double b) {
    boolean isHuge = Math.abs(b) > 0x1p126;
    return isHuge ? a / Math.copySign(Double.POSITIVE_INFINITY, b) * finite(a) : a / b;
  }

  private static double finite(double a) {
    return Double.isInfinite(a) ? Double.NaN : 1;
  }

  private static String program() {
    var text = new StringBuilder(".version 8.6\n.target sm_90\n.address_size 64\n");
    text.append(
        ".visible .entry test(.param .u64 memory)\n{\n.reg .f32 %f<3>;\n.reg .f64 %d<3>;\n");
    text.append(".reg .b16 %h<3>;\n.reg .b32 %r<3>, %t, %n, %b;\n.reg .b64 %base;\n");
    text.append("ld.param.u64 %base, [memory];\nmov.u32 %t, %tid.x;\nmov.u32 %b, %ctaid.x;\n");
    text.append("mov.u32 %n, %ntid.x;\nmad.lo.u32 %t, %b, %n, %t;\n");
    text.append("mad.wide.u32 %base, %t, ").append(stride()).append(", %base;\n");
    int at = 0;
    for (Approximation form : FORMS) {
      int bits = form.bits();
      String register = bits == 16 ? "%h" : bits == 64 ? "%d" : form.parts() == 2 ? "%r" : "%f";
      for (int i = 1; i <= form.operands(); i++) {
        text.append(
            String.format("ld.global.b%d %s%d, [%%base+%d];%n", bits, register, i, at + 8 * i - 8));
      }
      text.append(form.form())
          .append(' ')
          .append(register)
          .append("0, ")
          .append(register)
          .append('1');
      text.append(form.operands() == 2 ? ", " + register + "2;\n" : ";\n");
      at += INPUT_BYTES;
      text.append(String.format("st.global.b%d [%%base+%d], %s0;%n", bits, at, register));
      at += 8;
    }
    return text.append("ret;\n}\n").toString();
  }

  private static int stride() {
    return FORMS.size() * (INPUT_BYTES + 8);
  }

  @Test
  void resultsAreWithinTheManualsBounds() throws PtxException, KernelFault {
    var random = new SplittableRandom(OracleRig.SEED);
    for (int round = 0; round < Math.max(1, OracleRig.ROUNDS / 6); round++) {
      var before = OracleRig.buffer(THREADS * BLOCKS * stride());
      for (int thread = 0; thread < THREADS * BLOCKS; thread++) {
        for (int i = 0; i < FORMS.size(); i++) {
          int at = thread * stride() + i * (INPUT_BYTES + 8);
          before.putLong(at, operands(FORMS.get(i), random));
          before.putLong(at + 8, operands(FORMS.get(i), random));
        }
      }
      ByteBuffer after = rig.execute(program(), before, BLOCKS, THREADS);
      for (int thread = 0; thread < THREADS * BLOCKS; thread++) {
        for (int i = 0; i < FORMS.size(); i++) {
          check(FORMS.get(i), after, thread * stride() + i * (INPUT_BYTES + 8));
        }
      }
    }
  }

  private static void check(Approximation form, ByteBuffer memory, int at) {
    long mask = Lane.mask(form.bits());
    long a = memory.getLong(at) & mask;
    long b = memory.getLong(at + 8) & mask;
    long result = memory.getLong(at + INPUT_BYTES) & mask;
    assertThat(form.allows(a, b, result))
        .as("%s of %x and %x gave %x", form.form(), a, b, result)
        .isTrue();
    if (form.form().endsWith(".ftz.f64") && !form.format().isNan(result)) {
      assertThat(result & Lane.mask(32)).as("%s of %x", form.form(), a).isZero();
    }
  }

  private static long operands(Approximation form, SplittableRandom random) {
    long bits = 0;
    for (int part = 0; part < form.bits(); part += form.format().bits()) {
      bits |= (operand(form.format(), random) & Lane.mask(form.format().bits())) << part;
    }
    return bits;
  }

  private static long operand(Format format, SplittableRandom random) {
    boolean negative = random.nextInt(3) == 0;
    int bias = (1 << (format.exponents() - 1)) - 1;
    return switch (random.nextInt(9)) {
      case 0 -> random.nextBoolean() ? format.sign(negative) : format.infinity(negative);
      case 1 -> random.nextBoolean() ? format.nan() : format.largest(negative);
      case 2 -> format.sign(negative) | random.nextLong(1L << (format.precision() - 1));
      case 3 -> format.sign(negative) | random.nextLong(format.infinity(false));
      // What 2 to the power of it is at the ends of the format.
      case 4 -> {
        long power = bias + random.nextInt(-3, format.precision() + 2);
        yield Exact.of(negative ? power : -2 * power + random.nextInt(2), negative ? 0 : -1)
            .round(format, "rn");
      }
      case 5 -> Exact.of(random.nextLong(1L << 40), -random.nextInt(36, 41)).round(format, "rn");
      case 6 -> Exact.of(random.nextLong(-200, 200), -random.nextInt(3)).round(format, "rn");
      case 7 ->
          Exact.of(negative ? -1 : 1, random.nextInt(-bias - format.precision(), bias + 1))
              .round(format, "rn");
      default ->
          Exact.of(random.nextLong(-1L << 40, 1L << 40), random.nextInt(-40, -30))
              .round(format, "rn");
    };
  }
}
