// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

final class ApproximateTest {
  private static final float INFINITY = Float.POSITIVE_INFINITY;
  private static final float NAN = Float.NaN;

  /** A stride through all bit patterns of floats that is coprime to their number. */
  private static final int STRIDE = 40_009;

  private interface FloatFunction {
    float apply(float a);
  }

  private interface Reference {
    double apply(double a);
  }

  @Test
  void valuesAreWithinTheManualsRelativeErrorOverTheWholeRange() {
    checkRelative("rcp", ApproximateFloat::rcp, a -> 1 / a, 0x1p-23);
    checkRelative("sqrt", ApproximateFloat::sqrt, Math::sqrt, 0x1p-23);
    checkRelative("rsqrt", ApproximateFloat::rsqrt, a -> 1 / Math.sqrt(a), 0x1p-23);
    checkRelative("ex2", ApproximateFloat::ex2, a -> Math.pow(2, a), 0x1p-23);
    checkRelative("tanh", ApproximateFloat::tanh, Math::tanh, 0x1p-22);
    checkRelative("lg2", ApproximateFloat::lg2, a -> Math.log(a) / Math.log(2), 0x1p-23);
  }

  @Test
  void sineAndCosineAreWithinTheManualsAbsoluteErrorAndAccurateEverywhere() {
    for (long bits = 0; bits < 0x7f80_0000L; bits += STRIDE) {
      float a = Float.intBitsToFloat((int) bits);
      for (float signed : new float[] {a, -a}) {
        assertThat((double) ApproximateFloat.sin(signed))
            .isCloseTo(Math.sin(signed), within(0x1p-23));
        assertThat((double) ApproximateFloat.cos(signed))
            .isCloseTo(Math.cos(signed), within(0x1p-23));
      }
    }
  }

  private static void checkRelative(
      String name, FloatFunction function, Reference reference, double bound) {
    double worst = 0;
    for (long bits = 0; bits < 0x7f80_0000L; bits += STRIDE) {
      float magnitude = Float.intBitsToFloat((int) bits);
      for (float a : new float[] {magnitude, -magnitude}) {
        double expected = reference.apply(a);
        float actual = function.apply(a);
        if (Math.abs(expected) < Float.MIN_NORMAL || Math.abs(expected) > Float.MAX_VALUE) {
          assertThat(actual).as("%s(%s)", name, a).isEqualTo((float) expected);
        } else if (!Double.isNaN(expected)) {
          worst = Math.max(worst, Math.abs(actual - expected) / Math.abs(expected));
        } else {
          assertThat(actual).as("%s(%s)", name, a).isNaN();
        }
      }
    }
    assertThat(worst).as(name).isLessThan(bound);
  }

  @Test
  void specialValuesAreTheManuals() {
    assertThat(ApproximateFloat.rcp(-0f)).isEqualTo(-INFINITY);
    assertThat(ApproximateFloat.rcp(-INFINITY)).isEqualTo(-0f);
    assertThat(ApproximateFloat.sqrt(-0f)).isEqualTo(-0f);
    assertThat(ApproximateFloat.sqrt(-1f)).isNaN();
    assertThat(ApproximateFloat.rsqrt(-0f)).isEqualTo(-INFINITY);
    assertThat(ApproximateFloat.rsqrt(INFINITY)).isEqualTo(0f);
    assertThat(ApproximateFloat.rsqrt(-2f)).isNaN();
    assertThat(ApproximateFloat.ex2(-INFINITY)).isEqualTo(0f);
    assertThat(ApproximateFloat.ex2(INFINITY)).isEqualTo(INFINITY);
    assertThat(ApproximateFloat.ex2(-0f)).isEqualTo(1f);
    assertThat(ApproximateFloat.ex2(Float.MIN_VALUE)).isEqualTo(1f);
    assertThat(ApproximateFloat.ex2(127f)).isEqualTo(0x1p127f);
    assertThat(ApproximateFloat.ex2(-149f)).isEqualTo(Float.MIN_VALUE);
    assertThat(ApproximateFloat.ex2(NAN)).isNaN();
    assertThat(ApproximateFloat.lg2(0f)).isEqualTo(-INFINITY);
    assertThat(ApproximateFloat.lg2(-0f)).isEqualTo(-INFINITY);
    assertThat(ApproximateFloat.lg2(-1f)).isNaN();
    assertThat(ApproximateFloat.lg2(NAN)).isNaN();
    assertThat(ApproximateFloat.lg2(INFINITY)).isEqualTo(INFINITY);
    assertThat(ApproximateFloat.lg2(1f)).isEqualTo(0f);
    assertThat(ApproximateFloat.lg2(0x1p-149f)).isEqualTo(-149f);
    assertThat(ApproximateFloat.sin(-0f)).isEqualTo(-0f);
    assertThat(ApproximateFloat.sin(INFINITY)).isNaN();
    assertThat(ApproximateFloat.cos(-0f)).isEqualTo(1f);
    assertThat(ApproximateFloat.cos(NAN)).isNaN();
    assertThat(ApproximateFloat.tanh(-0f)).isEqualTo(-0f);
    assertThat(ApproximateFloat.tanh(-INFINITY)).isEqualTo(-1f);
    assertThat(ApproximateFloat.tanh(NAN)).isNaN();
  }

  @Test
  void divisionByAHugeDivisorGivesZeroAsTheManualSays() {
    assertThat(ApproximateFloat.divApprox(0x1p127f, -0x1.8p126f)).isEqualTo(-0f);
    assertThat(ApproximateFloat.divApprox(INFINITY, 0x1p127f)).isNaN();
    assertThat(ApproximateFloat.divApprox(6f, 2f)).isEqualTo(3f);
    assertThat(ApproximateFloat.divApprox(1f, INFINITY)).isEqualTo(0f);
    assertThat(ApproximateFloat.divFull(0x1p127f, 0x1p127f)).isEqualTo(1f);
  }

  @Test
  void grossDoubleApproximationsHaveAnEmptyLowerWord() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < 100_000; i++) {
      double a = Math.abs(samples.nextDouble());
      if (a < 0x1p-1000 || !(a < 0x1p1000)) {
        continue;
      }
      double reciprocal = ApproximateDouble.rcp(a);
      double root = ApproximateDouble.rsqrtFtz(a);
      assertThat(Double.doubleToRawLongBits(reciprocal) & 0xffff_ffffL).isZero();
      assertThat(Double.doubleToRawLongBits(root) & 0xffff_ffffL).isZero();
      assertThat(Math.abs(reciprocal * a - 1)).isLessThan(0x1p-18);
      assertThat(Math.abs(root * root * a - 1)).isLessThan(0x1p-18);
    }
    assertThat(ApproximateDouble.rcp(-0d)).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(ApproximateDouble.rcp(Double.MIN_VALUE)).isEqualTo(Double.POSITIVE_INFINITY);
    assertThat(ApproximateDouble.rcp(Double.NEGATIVE_INFINITY)).isEqualTo(-0d);
    assertThat(ApproximateDouble.rsqrtFtz(-0d)).isEqualTo(Double.NEGATIVE_INFINITY);
    assertThat(ApproximateDouble.rsqrtFtz(-1d)).isNaN();
    assertThat(ApproximateDouble.rsqrt(4d)).isEqualTo(0.5);
    assertThat(ApproximateDouble.rcp(Double.NaN)).isNaN();
  }

  @Test
  void aNumberBeatsNanInMinimumAndMaximumUnlessNanIsAskedFor() {
    assertThat(FloatMinMax.min(NAN, 1f)).isEqualTo(1f);
    assertThat(FloatMinMax.max(1f, NAN)).isEqualTo(1f);
    assertThat(Float.floatToRawIntBits(FloatMinMax.min(NAN, NAN))).isEqualTo(0x7fff_ffff);
    assertThat(FloatMinMax.minNan(NAN, 1f)).isNaN();
    assertThat(FloatMinMax.maxNan(1f, NAN)).isNaN();
    assertThat(FloatMinMax.min(0f, -0f)).isEqualTo(-0f);
    assertThat(FloatMinMax.max(-0f, 0f)).isEqualTo(0f);
    assertThat(FloatMinMax.minXorSign(-3f, 2f)).isEqualTo(-2f);
    assertThat(FloatMinMax.maxXorSign(-3f, -2f)).isEqualTo(3f);
    assertThat(FloatMinMax.minXorSign(NAN, -2f)).isEqualTo(-2f);
    assertThat(FloatMinMax.minNanXorSign(NAN, -2f)).isNaN();
    assertThat(FloatMinMax.min(Double.NaN, 1d)).isEqualTo(1d);
    assertThat(FloatMinMax.max(1d, Double.NaN)).isEqualTo(1d);
    assertThat(FloatMinMax.max(Double.NaN, Double.NaN)).isNaN();
  }

  @Test
  void modifiersAreTheManuals() {
    assertThat(FloatModifiers.flush(-Float.MIN_VALUE)).isEqualTo(-0f);
    assertThat(FloatModifiers.flush(Float.MIN_NORMAL)).isEqualTo(Float.MIN_NORMAL);
    assertThat(FloatModifiers.flush(NAN)).isNaN();
    assertThat(FloatModifiers.saturate(NAN)).isEqualTo(0f);
    assertThat(FloatModifiers.saturate(-0f)).isEqualTo(0f);
    assertThat(FloatModifiers.saturate(7f)).isEqualTo(1f);
    assertThat(FloatModifiers.saturate(0.25d)).isEqualTo(0.25d);
    assertThat(FloatModifiers.relu(-1f)).isEqualTo(0f);
    assertThat(Float.floatToRawIntBits(FloatModifiers.relu(NAN))).isEqualTo(0x7fff_ffff);
    assertThat(FloatModifiers.copySign(-1f, 5f)).isEqualTo(-5f);
    assertThat(FloatModifiers.copySign(1d, -5d)).isEqualTo(5d);
    assertThat(FloatModifiers.isNormal(Float.MIN_VALUE)).isFalse();
    assertThat(FloatModifiers.isNormal(-1f)).isTrue();
    assertThat(FloatModifiers.isNormal(INFINITY)).isFalse();
    assertThat(FloatModifiers.isSubnormal(0f)).isFalse();
    assertThat(FloatModifiers.isSubnormal(-Double.MIN_VALUE)).isTrue();
    assertThat(FloatModifiers.isFinite(NAN)).isFalse();
    assertThat(FloatModifiers.isInfinite(-INFINITY)).isTrue();
    assertThat(FloatModifiers.isNumber(INFINITY)).isTrue();
    assertThat(FloatModifiers.isNotANumber(Double.NaN)).isTrue();
  }
}
