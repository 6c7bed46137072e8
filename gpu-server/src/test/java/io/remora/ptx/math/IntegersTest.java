// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import org.junit.jupiter.api.Test;

final class IntegersTest {
  private static final int ROUNDS = 100_000;

  @Test
  void highProductsAreThoseOfBigInteger() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS; i++) {
      long a = samples.nextLong();
      long b = samples.nextLong();
      BigInteger signed = BigInteger.valueOf(a).multiply(BigInteger.valueOf(b)).shiftRight(64);
      BigInteger unsigned = Samples.unsigned(a).multiply(Samples.unsigned(b)).shiftRight(64);
      assertThat(WideMultiply.mulHiS64(a, b)).isEqualTo(signed.longValue());
      assertThat(WideMultiply.mulHiU64(a, b)).isEqualTo(unsigned.longValue());
      int x = (int) a;
      int y = (int) b;
      long wide = (x & 0xffffffffL) * (y & 0xffffffffL);
      assertThat(WideMultiply.mulHiU32(x, y)).isEqualTo((int) (wide >>> 32));
      assertThat(WideMultiply.mulHiS32(x, y)).isEqualTo((int) ((long) x * y >> 32));
    }
  }

  @Test
  void productsOfTwentyFourBitsTakeTheLowBitsOnly() {
    assertThat(WideMultiply.mul24LoU32(0xff00_0003, 0x1200_0005)).isEqualTo(15);
    assertThat(WideMultiply.mul24LoS32(0x00ff_ffff, 7)).isEqualTo(-7);
    assertThat(WideMultiply.mul24HiU32(0xff_ffff, 0xff_ffff)).isEqualTo((int) 0xffff_fe00L);
    assertThat(WideMultiply.mul24HiS32(0x80_0000, 0x80_0000)).isEqualTo(0x4000_0000);
    assertThat(WideMultiply.mad24HiSatS32(0x80_0000, 0x80_0000, Integer.MAX_VALUE))
        .isEqualTo(Integer.MAX_VALUE);
  }

  @Test
  void sixteenBitProductsIgnoreTheUpperHalvesOfTheirOperands() {
    assertThat(WideMultiply.mulHiS16(0x7_8000, 0x9_8000)).isEqualTo(0x4000);
    assertThat(WideMultiply.mulHiU16(0x1_ffff, -1)).isEqualTo(0xfffe);
    assertThat(WideMultiply.mulLoS16(300, 300)).isEqualTo((short) 90_000);
    assertThat(WideMultiply.mulLoU16(300, 300)).isEqualTo(90_000 & 0xffff);
    assertThat(WideMultiply.madHiS16(0x7fff, 0x7fff, 0x7fff)).isEqualTo((short) (0x3fff + 0x7fff));
    assertThat(WideMultiply.madLoU16(0xffff, 0xffff, 0xffff)).isZero();
  }

  @Test
  void divisionByZeroAnswersAsTheDevicesDoAndDoesNotThrow() {
    assertThat(IntegerMath.divU32(7, 0)).isEqualTo(-1);
    assertThat(IntegerMath.divS64(7, 0)).isEqualTo(-1);
    assertThat(IntegerMath.divU16(7, 0)).isEqualTo(0xffff);
    assertThat(IntegerMath.remS32(7, 0)).isEqualTo(7);
    assertThat(IntegerMath.remU64(-7, 0)).isEqualTo(-7);
    assertThat(IntegerMath.divS32(Integer.MIN_VALUE, -1)).isEqualTo(Integer.MIN_VALUE);
    assertThat(IntegerMath.remS64(Long.MIN_VALUE, -1)).isZero();
    assertThat(IntegerMath.divS16(-32768, -1)).isEqualTo(-32768);
  }

  @Test
  void divisionIsThatOfBigInteger() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS; i++) {
      long a = samples.nextLong();
      long b = samples.nextLong();
      if (b != 0) {
        BigInteger[] unsigned = Samples.unsigned(a).divideAndRemainder(Samples.unsigned(b));
        assertThat(IntegerMath.divU64(a, b)).isEqualTo(unsigned[0].longValue());
        assertThat(IntegerMath.remU64(a, b)).isEqualTo(unsigned[1].longValue());
      }
    }
  }

  @Test
  void minimaMaximaAndDifferencesOfUnsignedNumbersCompareUnsigned() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS; i++) {
      long a = samples.nextLong();
      long b = samples.nextLong();
      long c = samples.nextLong();
      BigInteger x = Samples.unsigned(a);
      BigInteger y = Samples.unsigned(b);
      assertThat(IntegerMath.minU64(a, b)).isEqualTo(x.min(y).longValue());
      assertThat(IntegerMath.maxU64(a, b)).isEqualTo(x.max(y).longValue());
      assertThat(IntegerMath.sadU64(a, b, c)).isEqualTo(c + x.subtract(y).abs().longValue());
      long p = a & 0xffffffffL;
      long q = b & 0xffffffffL;
      assertThat(IntegerMath.minU32((int) a, (int) b)).isEqualTo((int) Math.min(p, q));
      assertThat(IntegerMath.sadU32((int) a, (int) b, (int) c))
          .isEqualTo((int) (c + Math.abs(p - q)));
      assertThat(IntegerMath.sadS32((int) a, (int) b, (int) c))
          .isEqualTo((int) (c + Math.abs((long) (int) a - (int) b)));
    }
    assertThat(IntegerMath.minU16(-1, 5)).isEqualTo(5);
    assertThat(IntegerMath.maxS16(0xffff, -7)).isEqualTo(-1);
    assertThat(IntegerMath.sadU16(1, 0xffff, 0xffff)).isEqualTo(0xfffd);
    assertThat(IntegerMath.sadS16(-32768, 32767, 0)).isEqualTo(-1);
  }

  @Test
  void saturatingSumsStopAtTheEnds() {
    assertThat(IntegerMath.addSatS32(Integer.MAX_VALUE, 1)).isEqualTo(Integer.MAX_VALUE);
    assertThat(IntegerMath.subSatS32(Integer.MIN_VALUE, 1)).isEqualTo(Integer.MIN_VALUE);
    assertThat(IntegerMath.addSatS32(5, -7)).isEqualTo(-2);
    assertThat(WideMultiply.madHiSatS32(1 << 30, 1 << 30, Integer.MAX_VALUE))
        .isEqualTo(Integer.MAX_VALUE);
    assertThat(IntegerMath.absS16(-32768)).isEqualTo(-32768);
    assertThat(IntegerMath.negS16(-32768)).isEqualTo(-32768);
    assertThat(IntegerMath.minReluS32(-3, 4)).isZero();
  }

  @Test
  void carriesPropagateThroughSumsOfAnyLength() {
    Samples samples = Samples.seeded();
    BigInteger modulus = BigInteger.ONE.shiftLeft(64);
    for (int i = 0; i < ROUNDS; i++) {
      long a = samples.nextLong();
      long b = samples.nextLong();
      int carry = samples.nextInt(2);
      BigInteger sum = Samples.unsigned(a).add(Samples.unsigned(b)).add(BigInteger.valueOf(carry));
      BigInteger difference =
          Samples.unsigned(a).subtract(Samples.unsigned(b)).subtract(BigInteger.valueOf(carry));
      assertThat(Carry.addCarry64(a, b, carry)).isEqualTo(sum.divide(modulus).intValue());
      assertThat(Carry.subBorrow64(a, b, carry)).isEqualTo(difference.signum() < 0 ? 1 : 0);
      long low = (a & 0xffffffffL) + (b & 0xffffffffL) + carry;
      assertThat(Carry.addCarry32((int) a, (int) b, carry)).isEqualTo((int) (low >>> 32));
      boolean borrows = (a & 0xffffffffL) < (b & 0xffffffffL) + carry;
      assertThat(Carry.subBorrow32((int) a, (int) b, carry)).isEqualTo(borrows ? 1 : 0);
    }
  }
}
