// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.util.function.IntBinaryOperator;
import java.util.function.IntToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Formats of 16 bits and fewer, checked against their lists of all values. */
final class SmallFloatsTest {
  private static final int HALF_MAX = 0x7bff;
  private static final int BFLOAT_MAX = 0x7f7f;
  private static final int ROUNDS = 60_000;

  /** A format of which bit patterns 0 to {@code max} are its finite values in order. */
  private record Format(int sign, int max, IntToDoubleFunction decode) {
    double value(int magnitude) {
      return decode.applyAsDouble(magnitude);
    }

    /** The greatest magnitude pattern whose value isn't above. */
    int below(BigDecimal magnitude) {
      int low = 0;
      int high = max;
      while (low < high) {
        int middle = (low + high + 1) >>> 1;
        if (Samples.exact(value(middle)).compareTo(magnitude) <= 0) {
          low = middle;
        } else {
          high = middle - 1;
        }
      }
      return low;
    }

    /** To nearest even; infinity is the pattern after the maximum, as if exponents went on. */
    int nearest(BigDecimal exact, boolean negative) {
      BigDecimal magnitude = exact.abs();
      int below = below(magnitude);
      double step = below == max ? value(max) - value(max - 1) : value(below + 1) - value(below);
      BigDecimal middle = Samples.exact(value(below)).add(Samples.exact(step / 2));
      int side = magnitude.compareTo(middle);
      int result = side > 0 || (side == 0 && (below & 1) == 1) ? below + 1 : below;
      return negative ? result | sign : result;
    }
  }

  private static final Format HALF = new Format(0x8000, HALF_MAX, SmallFloatsTest::halfValue);
  private static final Format BFLOAT = new Format(0x8000, BFLOAT_MAX, SmallFloatsTest::bfloatValue);
  private static final Format E4M3 = new Format(0x80, 0x7e, bits -> binary(bits, 4, 3));
  private static final Format E5M2 = new Format(0x80, 0x7b, bits -> binary(bits, 5, 2));

  private static double halfValue(int bits) {
    return binary(bits, 5, 10);
  }

  private static double bfloatValue(int bits) {
    return binary(bits, 8, 7);
  }

  /** The value by the definition of binary floating point. */
  private static double binary(int bits, int exponentBits, int fractionBits) {
    int bias = (1 << (exponentBits - 1)) - 1;
    int exponent = bits >> fractionBits & ((1 << exponentBits) - 1);
    int fraction = bits & ((1 << fractionBits) - 1);
    double magnitude =
        exponent == 0
            ? Math.scalb((double) fraction, 1 - bias - fractionBits)
            : Math.scalb((double) (fraction + (1 << fractionBits)), exponent - bias - fractionBits);
    return (bits >> (exponentBits + fractionBits) & 1) == 0 ? magnitude : -magnitude;
  }

  @Test
  void everyPatternDecodesByTheFormatsDefinition() {
    for (int bits = 0; bits < 0x1_0000; bits++) {
      if ((bits & 0x7fff) <= HALF_MAX) {
        assertThat(Half.toFloat(bits) == halfValue(bits)).isTrue();
        assertThat(1 / Half.toFloat(bits) > 0).isEqualTo((bits & 0x8000) == 0);
      }
      if ((bits & 0x7fff) <= BFLOAT_MAX) {
        assertThat(Bfloat.toFloat(bits) == bfloatValue(bits)).isTrue();
      }
    }
    for (int bits = 0; bits < 0x100; bits++) {
      if ((bits & 0x7f) <= 0x7e) {
        assertThat(EightBitFloat.e4m3ToFloat(bits) == binary(bits, 4, 3)).isTrue();
      }
      if ((bits & 0x7f) <= 0x7b) {
        assertThat(EightBitFloat.e5m2ToFloat(bits) == binary(bits, 5, 2)).isTrue();
      }
    }
    assertThat(Half.toFloat(0xfc00)).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(Half.toFloat(0x7c01)).isNaN();
    assertThat(EightBitFloat.e5m2ToFloat(0xfc)).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(EightBitFloat.e4m3ToFloat(0xff)).isNaN();
  }

  @Test
  void everyPatternSurvivesTheWayToFloatAndBackInEveryMode() {
    for (int bits = 0; bits < 0x1_0000; bits++) {
      float half = Half.toFloat(bits);
      int expectedHalf = !Float.isNaN(half) ? bits : Half.NAN;
      assertThat(Half.fromFloat(half)).isEqualTo(expectedHalf);
      assertThat(Half.fromFloatRz(half)).isEqualTo(expectedHalf);
      assertThat(Half.fromFloatRm(half)).isEqualTo(expectedHalf);
      assertThat(Half.fromFloatRp(half)).isEqualTo(expectedHalf);
      assertThat(Half.fromDouble(half)).isEqualTo(expectedHalf);
      float bfloat = Bfloat.toFloat(bits);
      int expectedBfloat = !Float.isNaN(bfloat) ? bits : Bfloat.NAN;
      assertThat(Bfloat.fromFloat(bfloat)).isEqualTo(expectedBfloat);
      assertThat(Bfloat.fromFloatRz(bfloat)).isEqualTo(expectedBfloat);
      assertThat(Bfloat.fromFloatRm(bfloat)).isEqualTo(expectedBfloat);
      assertThat(Bfloat.fromFloatRp(bfloat)).isEqualTo(expectedBfloat);
    }
  }

  @Test
  void valuesAtAndAroundEveryMiddleRoundToEven() {
    for (int bits = 0; bits < HALF_MAX; bits++) {
      float middle = (float) ((halfValue(bits) + halfValue(bits + 1)) / 2);
      checkNearest(HALF, middle, Half.fromFloat(middle));
      checkNearest(HALF, Math.nextUp(middle), Half.fromFloat(Math.nextUp(middle)));
      checkNearest(HALF, Math.nextDown(middle), Half.fromFloat(Math.nextDown(middle)));
      double slightlyMore = Math.nextUp((double) middle);
      assertThat(Half.fromDouble(slightlyMore)).isEqualTo(bits + 1);
      assertThat(Half.fromDouble(-Math.nextDown((double) middle))).isEqualTo(bits | 0x8000);
    }
    for (int bits = 0; bits < BFLOAT_MAX; bits += 7) {
      float middle = (float) ((bfloatValue(bits) + bfloatValue(bits + 1)) / 2);
      checkNearest(BFLOAT, middle, Bfloat.fromFloat(middle));
      checkNearest(BFLOAT, Math.nextDown(middle), Bfloat.fromFloat(Math.nextDown(middle)));
      double slightlyMore = Math.nextUp((double) middle);
      assertThat(Bfloat.fromFloat(Half.oddFloat(slightlyMore))).isEqualTo(bits + 1);
    }
    assertThat(Half.fromFloat(65520f)).isEqualTo(0x7c00);
    assertThat(Half.fromFloat(Math.nextDown(65520f))).isEqualTo(HALF_MAX);
    assertThat(Half.fromFloatSatFinite(-1e30f)).isEqualTo(0xfbff);
    assertThat(Bfloat.fromFloatSatFinite(Float.MAX_VALUE)).isEqualTo(BFLOAT_MAX);
    assertThat(Half.fromFloatRz(1e30f)).isEqualTo(HALF_MAX);
    assertThat(Half.fromFloatRm(-1e30f)).isEqualTo(0xfc00);
    assertThat(Half.fromFloatRp(1e-30f)).isEqualTo(1);
    assertThat(Half.fromFloatRm(-1e-30f)).isEqualTo(0x8001);
    assertThat(Half.fromFloatRm(1e-30f)).isZero();
  }

  @Test
  void directedModesGiveTheNeighbours() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS; i++) {
      float value = samples.nextFloat();
      if (!Samples.finite(value)) {
        continue;
      }
      int half = HALF.below(Samples.exact(Math.abs(value)));
      int halfAway = halfValue(half) == Math.abs(value) ? half : half + 1;
      int bfloat = BFLOAT.below(Samples.exact(Math.abs(value)));
      int bfloatAway = bfloatValue(bfloat) == Math.abs(value) ? bfloat : bfloat + 1;
      boolean negative = Float.floatToRawIntBits(value) < 0;
      int sign = negative ? 0x8000 : 0;
      assertThat(Half.fromFloatRz(value)).isEqualTo(half | sign);
      assertThat(Half.fromFloatRm(value)).isEqualTo(negative ? halfAway | sign : half);
      assertThat(Half.fromFloatRp(value)).isEqualTo(negative ? half | sign : halfAway);
      assertThat(Bfloat.fromFloatRz(value)).isEqualTo(bfloat | sign);
      assertThat(Bfloat.fromFloatRm(value)).isEqualTo(negative ? bfloatAway | sign : bfloat);
      assertThat(Bfloat.fromFloatRp(value)).isEqualTo(negative ? bfloat | sign : bfloatAway);
    }
  }

  @Test
  void integersRoundOnceOnTheirWayToHalf() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS; i++) {
      long value = samples.nextLong();
      BigDecimal unsigned = new BigDecimal(Samples.unsigned(value));
      assertThat(Half.fromFloat(Half.oddFloat(value)))
          .isEqualTo(HALF.nearest(BigDecimal.valueOf(value), value < 0));
      assertThat(Bfloat.fromFloat(Half.oddFloat(value)))
          .isEqualTo(BFLOAT.nearest(BigDecimal.valueOf(value), value < 0));
      assertThat(Bfloat.fromFloat(Half.oddFloatU64(value)))
          .isEqualTo(BFLOAT.nearest(unsigned, false));
    }
  }

  @Test
  void arithmeticRoundsTheExactValueOnce() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS; i++) {
      int a = samples.nextInt(0x1_0000);
      int b = samples.nextInt(0x1_0000);
      // A third operand near the product makes cancellation and near-middle cases common.
      boolean close = samples.nextInt(2) == 0;
      int c = close ? near(HalfArithmetic.mul(a, b), samples) : samples.nextInt(0x1_0000);
      checkArithmetic(HALF, Half::toFloat, a, b, c);
      int d = close ? near(BfloatArithmetic.mul(a, b), samples) : samples.nextInt(0x1_0000);
      checkArithmetic(BFLOAT, Bfloat::toFloat, a, b, d);
    }
  }

  private static int near(int bits, Samples samples) {
    int exponentsLower = samples.nextInt(30) << 10;
    return (bits ^ 0x8000) - Math.min(bits & 0x7c00, exponentsLower) + samples.nextInt(4) & 0xffff;
  }

  private static void checkArithmetic(
      Format format, IntToDoubleFunction decode, int a, int b, int c) {
    double x = decode.applyAsDouble(a);
    double y = decode.applyAsDouble(b);
    double z = decode.applyAsDouble(c);
    if (!Samples.finite(x, y, z)) {
      return;
    }
    boolean half = format.max() == HALF_MAX;
    IntBinaryOperator add = half ? HalfArithmetic::add : BfloatArithmetic::add;
    IntBinaryOperator sub = half ? HalfArithmetic::sub : BfloatArithmetic::sub;
    IntBinaryOperator mul = half ? HalfArithmetic::mul : BfloatArithmetic::mul;
    int fused = half ? HalfArithmetic.fma(a, b, c) : BfloatArithmetic.fma(a, b, c);
    BigDecimal product = Samples.exact(x).multiply(Samples.exact(y));
    check(format, Samples.exact(x).add(Samples.exact(y)), add.applyAsInt(a, b));
    check(format, Samples.exact(x).subtract(Samples.exact(y)), sub.applyAsInt(a, b));
    check(format, product, mul.applyAsInt(a, b));
    check(format, product.add(Samples.exact(z)), fused);
  }

  private static void checkNearest(Format format, float value, int actual) {
    check(format, Samples.exact(value), actual);
  }

  private static void check(Format format, BigDecimal exact, int actual) {
    int expected = format.nearest(exact, exact.signum() < 0);
    int compared = exact.signum() == 0 ? actual & ~format.sign() : actual;
    assertThat(compared).as("rounded %s", exact).isEqualTo(expected);
  }

  @Test
  void packedArithmeticIsTheArithmeticOfItsHalves() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS; i++) {
      int a = samples.nextInt();
      int b = samples.nextInt();
      int c = samples.nextInt();
      int high = HalfArithmetic.fma(a >>> 16, b >>> 16, c >>> 16);
      assertThat(HalfArithmetic.fmaX2(a, b, c)).isEqualTo(high << 16 | HalfArithmetic.fma(a, b, c));
      assertThat(HalfArithmetic.addX2(a, b) & 0xffff).isEqualTo(HalfArithmetic.add(a, b));
      assertThat(BfloatArithmetic.mulX2(a, b) >>> 16)
          .isEqualTo(BfloatArithmetic.mul(a >>> 16, b >>> 16));
      assertThat(BfloatArithmetic.maxX2(a, b) >>> 16)
          .isEqualTo(BfloatArithmetic.max(a >>> 16, b >>> 16));
    }
  }

  @Test
  void nansAndSignsFollowTheManual() {
    assertThat(HalfArithmetic.add(0x7c00, 0xfc00)).isEqualTo(0x7fff);
    assertThat(HalfArithmetic.min(0x7e00, 0x3c00)).isEqualTo(0x3c00);
    assertThat(HalfArithmetic.minNan(0x7e00, 0x3c00)).isEqualTo(0x7fff);
    assertThat(HalfArithmetic.max(0x8000, 0)).isZero();
    assertThat(BfloatArithmetic.max(0x7fc0, 0x3f80)).isEqualTo(0x3f80);
    assertThat(BfloatArithmetic.fma(0x7f80, 0, 0)).isEqualTo(0x7fff);
    assertThat(Half.saturate(0x4000)).isEqualTo(0x3c00);
    assertThat(Half.saturate(0x7e00)).isZero();
    assertThat(Half.saturate(0x8001)).isZero();
    assertThat(Half.relu(0xbc00)).isZero();
    assertThat(Half.relu(0xfe00)).isEqualTo(0x7fff);
    assertThat(Half.flush(0x83ff)).isEqualTo(0x8000);
    assertThat(Half.flush(0x0400)).isEqualTo(0x0400);
    assertThat(Half.neg(0x3c00)).isEqualTo(0xbc00);
    assertThat(HalfArithmetic.absX2(0xbc00_8000)).isEqualTo(0x3c00_0000);
    assertThat(BfloatArithmetic.negX2(0x3f80_0000)).isEqualTo(0xbf80_8000);
    assertThat(Bfloat.saturate(0x4000)).isEqualTo(0x3f80);
    assertThat(HalfArithmetic.ex2(0x4000)).isEqualTo(0x4400);
  }

  @Test
  void eightBitFormatsRoundToNearestAndClamp() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS; i++) {
      float value = samples.nextFloat();
      if (!Samples.finite(value)) {
        continue;
      }
      boolean negative = Float.floatToRawIntBits(value) < 0;
      int sign = negative ? 0x80 : 0;
      int e4m3 = E4M3.nearest(Samples.exact(value), false);
      int e5m2 = E5M2.nearest(Samples.exact(value), false);
      assertThat(EightBitFloat.e4m3FromFloat(value)).isEqualTo(Math.min(e4m3, 0x7e) | sign);
      assertThat(EightBitFloat.e5m2FromFloat(value)).isEqualTo(Math.min(e5m2, 0x7b) | sign);
    }
    assertThat(EightBitFloat.packE4m3X2(Float.NaN, -1e9f)).isEqualTo(0x7ffe);
    assertThat(EightBitFloat.packE5m2X2(Float.POSITIVE_INFINITY, 1f)).isEqualTo(0x7b3c);
    assertThat(EightBitFloat.packReluE4m3X2(-2f, 2f)).isEqualTo(0x0040);
    assertThat(EightBitFloat.halvesFromE4m3X2(0x7e38)).isEqualTo(0x5f00_3c00);
    assertThat(EightBitFloat.e5m2X2FromHalves(0x3c00_c000)).isEqualTo(0x3cc0);
  }

  @Test
  void tf32KeepsTenBitsAfterThePoint() {
    assertThat(Bfloat.toTf32Rna(Float.intBitsToFloat(0x3f80_1000)))
        .isEqualTo(Float.intBitsToFloat(0x3f80_2000));
    assertThat(Bfloat.toTf32Rn(Float.intBitsToFloat(0x3f80_1000))).isEqualTo(1f);
    assertThat(Bfloat.toTf32Rn(Float.intBitsToFloat(0x3f80_3000)))
        .isEqualTo(Float.intBitsToFloat(0x3f80_4000));
    assertThat(Bfloat.toTf32Rz(Float.intBitsToFloat(0xbf80_3fff)))
        .isEqualTo(Float.intBitsToFloat(0xbf80_2000));
    assertThat(Bfloat.toTf32Rna(Float.NEGATIVE_INFINITY)).isEqualTo(Float.NEGATIVE_INFINITY);
    assertThat(Bfloat.toTf32Rn(Float.MAX_VALUE)).isEqualTo(Float.POSITIVE_INFINITY);
  }
}
