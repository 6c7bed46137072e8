// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import org.junit.jupiter.api.Test;

final class ConversionTest {
  private static final int ROUNDS = 50_000;

  @Test
  void integersSaturateIntoEveryWidth() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS; i++) {
      long value = samples.nextLong();
      for (int bits : new int[] {8, 16, 32, 64}) {
        BigInteger top = BigInteger.ONE.shiftLeft(bits);
        BigInteger half = BigInteger.ONE.shiftLeft(bits - 1);
        BigInteger signed = BigInteger.valueOf(value);
        BigInteger unsigned = Samples.unsigned(value);
        BigInteger one = BigInteger.ONE;
        assertThat(IntegerConversion.saturateSignedToSigned(value, bits))
            .isEqualTo(signed.max(half.negate()).min(half.subtract(one)).longValue());
        assertThat(IntegerConversion.saturateSignedToUnsigned(value, bits))
            .isEqualTo(signed.max(BigInteger.ZERO).min(top.subtract(one)).longValue());
        assertThat(IntegerConversion.saturateUnsignedToSigned(value, bits))
            .isEqualTo(unsigned.min(half.subtract(one)).longValue());
        assertThat(IntegerConversion.saturateUnsignedToUnsigned(value, bits))
            .isEqualTo(unsigned.min(top.subtract(one)).longValue());
      }
    }
  }

  @Test
  void integersBecomeTheNeighbouringFloats() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS; i++) {
      long value = samples.nextLong();
      BigDecimal signed = BigDecimal.valueOf(value);
      BigDecimal unsigned = new BigDecimal(Samples.unsigned(value));
      float below = Samples.floatBelow(signed);
      float above = -Samples.floatBelow(signed.negate());
      assertThat(IntegerConversion.s64ToF32Rm(value) == below).isTrue();
      assertThat(IntegerConversion.s64ToF32Rp(value) == above).isTrue();
      assertThat(IntegerConversion.s64ToF32Rz(value) == (value > 0 ? below : above)).isTrue();
      assertThat(IntegerConversion.u64ToF32Rz(value) == Samples.floatBelow(unsigned)).isTrue();
      assertThat(IntegerConversion.u64ToF32Rp(value) == -Samples.floatBelow(unsigned.negate()))
          .isTrue();
      double low = Samples.doubleBelow(signed);
      double high = -Samples.doubleBelow(signed.negate());
      assertThat(IntegerConversion.s64ToF64Rm(value) == low).isTrue();
      assertThat(IntegerConversion.s64ToF64Rp(value) == high).isTrue();
      assertThat(IntegerConversion.s64ToF64Rz(value) == (value > 0 ? low : high)).isTrue();
      assertThat(IntegerConversion.u64ToF64Rz(value) == Samples.doubleBelow(unsigned)).isTrue();
      assertThat(IntegerConversion.u64ToF64Rp(value) == -Samples.doubleBelow(unsigned.negate()))
          .isTrue();
      assertThat(IntegerConversion.u64ToF32Rn(value) == nearestFloat(unsigned)).isTrue();
      assertThat(IntegerConversion.u64ToF64Rn(value) == unsigned.doubleValue()).isTrue();
    }
  }

  private static float nearestFloat(BigDecimal value) {
    float below = Samples.floatBelow(value);
    float above = -Samples.floatBelow(value.negate());
    int side = value.subtract(Samples.exact(below)).compareTo(Samples.exact(above).subtract(value));
    boolean belowIsEven = (Float.floatToRawIntBits(below) & 1) == 0;
    return side < 0 || (side == 0 && belowIsEven) ? below : above;
  }

  @Test
  void floatsRoundToIntegersInEveryModeAndClamp() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS; i++) {
      float a = samples.nextFloat();
      if (!Samples.finite(a)) {
        continue;
      }
      checkAll(FloatToInteger.roundRni(a), a, RoundingMode.HALF_EVEN);
      checkAll(FloatToInteger.roundRzi(a), a, RoundingMode.DOWN);
      checkAll(FloatToInteger.roundRmi(a), a, RoundingMode.FLOOR);
      checkAll(FloatToInteger.roundRpi(a), a, RoundingMode.CEILING);
      double b = samples.nextDouble();
      if (Samples.finite(b)) {
        checkAll(FloatToInteger.roundRni(b), b, RoundingMode.HALF_EVEN);
        checkAll(FloatToInteger.roundRzi(b), b, RoundingMode.DOWN);
        checkAll(FloatToInteger.roundRmi(b), b, RoundingMode.FLOOR);
        checkAll(FloatToInteger.roundRpi(b), b, RoundingMode.CEILING);
      }
    }
  }

  private static void checkAll(float rounded, float value, RoundingMode mode) {
    BigInteger exact = Samples.exact(value).setScale(0, mode).toBigIntegerExact();
    assertThat(FloatToInteger.toS8(rounded)).isEqualTo((int) clamp(exact, 8, true));
    assertThat(FloatToInteger.toU8(rounded)).isEqualTo((int) clamp(exact, 8, false));
    assertThat(FloatToInteger.toS16(rounded)).isEqualTo((int) clamp(exact, 16, true));
    assertThat(FloatToInteger.toU16(rounded)).isEqualTo((int) clamp(exact, 16, false));
    assertThat(FloatToInteger.toS32(rounded)).isEqualTo((int) clamp(exact, 32, true));
    assertThat(FloatToInteger.toU32(rounded)).isEqualTo((int) clamp(exact, 32, false));
    assertThat(FloatToInteger.toS64(rounded)).isEqualTo(clamp(exact, 64, true));
    assertThat(FloatToInteger.toU64(rounded)).isEqualTo(clamp(exact, 64, false));
  }

  private static void checkAll(double rounded, double value, RoundingMode mode) {
    BigInteger exact = Samples.exact(value).setScale(0, mode).toBigIntegerExact();
    assertThat(FloatToInteger.toS8(rounded)).isEqualTo((int) clamp(exact, 8, true));
    assertThat(FloatToInteger.toU8(rounded)).isEqualTo((int) clamp(exact, 8, false));
    assertThat(FloatToInteger.toS16(rounded)).isEqualTo((int) clamp(exact, 16, true));
    assertThat(FloatToInteger.toU16(rounded)).isEqualTo((int) clamp(exact, 16, false));
    assertThat(FloatToInteger.toS32(rounded)).isEqualTo((int) clamp(exact, 32, true));
    assertThat(FloatToInteger.toU32(rounded)).isEqualTo((int) clamp(exact, 32, false));
    assertThat(FloatToInteger.toS64(rounded)).isEqualTo(clamp(exact, 64, true));
    assertThat(FloatToInteger.toU64(rounded)).isEqualTo(clamp(exact, 64, false));
  }

  private static long clamp(BigInteger value, int bits, boolean signed) {
    BigInteger range = BigInteger.ONE.shiftLeft(signed ? bits - 1 : bits);
    BigInteger bottom = signed ? range.negate() : BigInteger.ZERO;
    return value.max(bottom).min(range.subtract(BigInteger.ONE)).longValue();
  }

  @Test
  void nanBecomesZeroOrTheHighestBitByTheTypesWidths() {
    assertThat(FloatToInteger.toS32(Float.NaN)).isZero();
    assertThat(FloatToInteger.toU32(Float.NaN)).isZero();
    assertThat(FloatToInteger.toU8(Float.NaN)).isZero();
    assertThat(FloatToInteger.toS64(Float.NaN)).isEqualTo(Long.MIN_VALUE);
    assertThat(FloatToInteger.toU64(Float.NaN)).isEqualTo(Long.MIN_VALUE);
    assertThat(FloatToInteger.toS32(Double.NaN)).isEqualTo(Integer.MIN_VALUE);
    assertThat(FloatToInteger.toU32(Double.NaN)).isEqualTo(Integer.MIN_VALUE);
    assertThat(FloatToInteger.toU64(Double.NaN)).isEqualTo(Long.MIN_VALUE);
    assertThat(FloatToInteger.toS16(Double.NaN)).isEqualTo(-32768);
    assertThat(FloatToInteger.toU16(Double.NaN)).isEqualTo(0x8000);
    assertThat(FloatToInteger.toU64(Double.POSITIVE_INFINITY)).isEqualTo(-1L);
    assertThat(FloatToInteger.toU32(Float.NEGATIVE_INFINITY)).isZero();
  }

  @Test
  void roundingToIntegersKeepsTheSignOfZero() {
    assertThat(FloatToInteger.roundRzi(-0.5f)).isEqualTo(-0f);
    assertThat(FloatToInteger.roundRni(-0.5f)).isEqualTo(-0f);
    assertThat(FloatToInteger.roundRpi(-0.5d)).isEqualTo(-0d);
    assertThat(FloatToInteger.roundRzi(-0d)).isEqualTo(-0d);
    assertThat(FloatToInteger.roundRni(2.5f)).isEqualTo(2f);
    assertThat(FloatToInteger.roundRzi(Float.NaN)).isNaN();
  }
}
