// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import org.junit.jupiter.api.Test;

final class BitsTest {
  private static final int ROUNDS = 100_000;

  @Test
  void shiftsBeyondTheWidthClamp() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS; i++) {
      long a = samples.nextLong();
      int amount = samples.nextInt();
      int steps = Integer.compareUnsigned(amount, 100) < 0 ? amount : 100;
      BigInteger signed = BigInteger.valueOf(a);
      assertThat(Shifts.shlB64(a, amount)).isEqualTo(signed.shiftLeft(steps).longValue());
      assertThat(Shifts.shrS64(a, amount)).isEqualTo(signed.shiftRight(steps).longValue());
      assertThat(Shifts.shrU64(a, amount))
          .isEqualTo(Samples.unsigned(a).shiftRight(steps).longValue());
      BigInteger word = BigInteger.valueOf((int) a);
      assertThat(Shifts.shlB32((int) a, amount)).isEqualTo(word.shiftLeft(steps).intValue());
      assertThat(Shifts.shrS32((int) a, amount)).isEqualTo(word.shiftRight(steps).intValue());
      assertThat(Shifts.shrU32((int) a, amount))
          .isEqualTo(BigInteger.valueOf(a & 0xffffffffL).shiftRight(steps).intValue());
    }
    assertThat(Shifts.shlB16(0x8001, 1)).isEqualTo(2);
    assertThat(Shifts.shlB16(1, 16)).isZero();
    assertThat(Shifts.shrS16(0x8000, 99)).isEqualTo(-1);
    assertThat(Shifts.shrU16(-1, 8)).isEqualTo(0xff);
  }

  @Test
  void funnelShiftsTakeBitsFromBothWords() {
    int low = 0x89ab_cdef;
    int high = 0x0123_4567;
    for (int amount = 0; amount < 100; amount++) {
      BigInteger both = BigInteger.valueOf(0x0123_4567_89ab_cdefL);
      int clamped = Math.min(amount, 32);
      assertThat(Shifts.shfLeftClamp(low, high, amount))
          .isEqualTo(both.shiftLeft(clamped).shiftRight(32).intValue());
      assertThat(Shifts.shfRightClamp(low, high, amount))
          .isEqualTo(both.shiftRight(clamped).intValue());
      assertThat(Shifts.shfLeftWrap(low, high, amount))
          .isEqualTo(both.shiftLeft(amount % 32).shiftRight(32).intValue());
      assertThat(Shifts.shfRightWrap(low, high, amount))
          .isEqualTo(both.shiftRight(amount % 32).intValue());
    }
  }

  @Test
  void bitFieldsAreExtractedAsTheManualsLoopDoes() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS; i++) {
      long a = samples.nextLong();
      int position = samples.nextInt(4) == 0 ? samples.nextInt() : samples.nextInt(70);
      int length = samples.nextInt(4) == 0 ? samples.nextInt() : samples.nextInt(70);
      int word = (int) a;
      assertThat(BitFields.bfeU64(a, position, length))
          .isEqualTo(extract(a, position & 0xff, length & 0xff, 63, false));
      assertThat(BitFields.bfeS64(a, position, length))
          .isEqualTo(extract(a, position & 0xff, length & 0xff, 63, true));
      assertThat(BitFields.bfeU32(word, position, length))
          .isEqualTo((int) extract(word, position & 0xff, length & 0xff, 31, false));
      assertThat(BitFields.bfeS32(word, position, length))
          .isEqualTo((int) extract(word, position & 0xff, length & 0xff, 31, true));
    }
  }

  private static long extract(long a, int position, int length, int top, boolean signed) {
    long filler = signed && length > 0 ? a >>> Math.min(position + length - 1, top) & 1 : 0;
    long result = 0;
    for (int i = 0; i <= top; i++) {
      boolean inField = i < length && position + i <= top;
      result |= (inField ? a >>> (position + i) & 1 : filler) << i;
    }
    return result;
  }

  @Test
  void bitFieldsAreInsertedAsTheManualsLoopDoes() {
    Samples samples = Samples.seeded();
    for (int i = 0; i < ROUNDS; i++) {
      long a = samples.nextLong();
      long b = samples.nextLong();
      int position = samples.nextInt(300);
      int length = samples.nextInt(300);
      assertThat(BitFields.bfiB64(a, b, position, length))
          .isEqualTo(insert(a, b, position & 0xff, length & 0xff, 63));
      assertThat(BitFields.bfiB32((int) a, (int) b, position, length))
          .isEqualTo((int) insert(a, b, position & 0xff, length & 0xff, 31));
    }
  }

  private static long insert(long a, long b, int position, int length, int top) {
    long result = b;
    for (int i = 0; i < length && position + i <= top; i++) {
      long bit = 1L << (position + i);
      result = (a >>> i & 1) == 1 ? result | bit : result & ~bit;
    }
    return result;
  }

  @Test
  void bitSearchesFindTheHighestSignificantBit() {
    assertThat(BitFields.bfindU32(0)).isEqualTo(-1);
    assertThat(BitFields.bfindU32(0x8000_0000)).isEqualTo(31);
    assertThat(BitFields.bfindS32(-1)).isEqualTo(-1);
    assertThat(BitFields.bfindS32(-5)).isEqualTo(2);
    assertThat(BitFields.bfindS64(Long.MIN_VALUE)).isEqualTo(62);
    assertThat(BitFields.bfindU64(-1)).isEqualTo(63);
    assertThat(BitFields.bfindShiftU32(1)).isEqualTo(31);
    assertThat(BitFields.bfindShiftU32(0)).isEqualTo(-1);
    assertThat(BitFields.bfindShiftS32(-5)).isEqualTo(29);
    assertThat(BitFields.bfindShiftU64(1)).isEqualTo(63);
    assertThat(BitFields.bfindShiftS64(-1)).isEqualTo(-1);
    assertThat(BitFields.fnsB32(0b1011_0100, 3, 1)).isEqualTo(4);
    assertThat(BitFields.fnsB32(0b1011_0100, 3, 2)).isEqualTo(5);
    assertThat(BitFields.fnsB32(0b1011_0100, 3, -1)).isEqualTo(2);
    assertThat(BitFields.fnsB32(0b1011_0100, 2, 0)).isEqualTo(2);
    assertThat(BitFields.fnsB32(0b1011_0100, 3, 0)).isEqualTo(-1);
    assertThat(BitFields.fnsB32(0b1011_0100, 0, 5)).isEqualTo(-1);
  }

  @Test
  void extensionsAndMasksClampOrWrap() {
    assertThat(BitFields.szextClampS32(0xff, 8)).isEqualTo(-1);
    assertThat(BitFields.szextClampS32(0xff, 40)).isEqualTo(0xff);
    assertThat(BitFields.szextWrapS32(0xff, 40)).isEqualTo(-1);
    assertThat(BitFields.szextWrapS32(0xff, 32)).isZero();
    assertThat(BitFields.szextClampU32(-1, 9)).isEqualTo(0x1ff);
    assertThat(BitFields.szextClampU32(-1, 32)).isEqualTo(-1);
    assertThat(BitFields.szextWrapU32(-1, 32)).isZero();
    assertThat(BitFields.bmskWrap(1, 2)).isEqualTo(6);
    assertThat(BitFields.bmskClamp(4, 40)).isEqualTo(-16);
    assertThat(BitFields.bmskClamp(40, 4)).isZero();
    assertThat(BitFields.bmskClamp(0, 32)).isEqualTo(-1);
    assertThat(BitFields.bmskClamp(3, 0)).isZero();
    assertThat(BitFields.bmskWrap(33, 33)).isEqualTo(2);
    assertThat(BitFields.bmskWrap(31, 31)).isEqualTo(0x8000_0000);
  }

  @Test
  void everyTableOfThreeOperandLogicIsRight() {
    for (int table = 0; table < 256; table++) {
      int a = 0xf0f0_f0f0;
      int b = 0xcccc_cccc;
      int c = 0xaaaa_aaaa;
      assertThat(Bytes.lop3(a, b, c, table)).isEqualTo(table * 0x0101_0101);
    }
  }

  @Test
  void bytesArePermutedInEveryMode() {
    int a = 0x8321_1000;
    int b = 0x7766_5584;
    assertThat(Bytes.prmt(a, b, 0x3210)).isEqualTo(a);
    assertThat(Bytes.prmt(a, b, 0x7654)).isEqualTo(b);
    assertThat(Bytes.prmt(a, b, 0x0c4b)).isEqualTo(0x00ff_84ff);
    int low = 0x0302_0100;
    int high = 0x0706_0504;
    int[][] expected = {
      {0x03020100, 0x04030201, 0x05040302, 0x06050403},
      {0x05060700, 0x06070001, 0x07000102, 0x00010203},
      {0x00000000, 0x01010101, 0x02020202, 0x03030303},
      {0x03020100, 0x03020101, 0x03020202, 0x03030303},
      {0x00000000, 0x01010100, 0x02020100, 0x03020100},
      {0x01000100, 0x03020302, 0x01000100, 0x03020302},
    };
    for (int c = 0; c < 8; c++) {
      int mode = c & 3;
      assertThat(Bytes.prmtForward4Extract(low, high, c)).isEqualTo(expected[0][mode]);
      assertThat(Bytes.prmtBackward4Extract(low, high, c)).isEqualTo(expected[1][mode]);
      assertThat(Bytes.prmtReplicate8(low, high, c)).isEqualTo(expected[2][mode]);
      assertThat(Bytes.prmtEdgeClampLeft(low, high, c)).isEqualTo(expected[3][mode]);
      assertThat(Bytes.prmtEdgeClampRight(low, high, c)).isEqualTo(expected[4][mode]);
      assertThat(Bytes.prmtReplicate16(low, high, c)).isEqualTo(expected[5][mode]);
    }
  }

  @Test
  void dotProductsTreatEachOperandsBytesByItsType() {
    int a = 0xff02_fe01;
    int b = 0x80ff_0305;
    assertThat(Bytes.dp4aU32U32(a, b, 1)).isEqualTo(1 + 5 + 254 * 3 + 2 * 255 + 255 * 128);
    assertThat(Bytes.dp4aS32S32(a, b, 1)).isEqualTo(1 + 5 - 2 * 3 - 2 + 128);
    assertThat(Bytes.dp4aU32S32(a, b, 1)).isEqualTo(1 + 5 + 254 * 3 - 2 - 255 * 128);
    assertThat(Bytes.dp4aS32U32(a, b, 1)).isEqualTo(1 + 5 - 2 * 3 + 2 * 255 - 128);
    int halves = 0xfffe_0003;
    assertThat(Bytes.dp2aLoU32U32(halves, 0xfc02, 1)).isEqualTo(1 + 6 + 65534 * 252);
    assertThat(Bytes.dp2aLoS32S32(halves, 0xfc02, 1)).isEqualTo(1 + 6 + 8);
    assertThat(Bytes.dp2aLoU32S32(halves, 0xfc02, 1)).isEqualTo(1 + 6 - 4 * 65534);
    assertThat(Bytes.dp2aLoS32U32(halves, 0xfc02, 1)).isEqualTo(1 + 6 - 2 * 252);
  }

  @Test
  void packedIntegersDoNotLeakBetweenHalves() {
    assertThat(PackedIntegers.addX2(0x0001_ffff, 0x0001_0001)).isEqualTo(0x0002_0000);
    assertThat(PackedIntegers.minS16X2(0x8000_0001, 0x0001_ffff)).isEqualTo(0x8000_ffff);
    assertThat(PackedIntegers.maxU16X2(0x8000_0001, 0x0001_ffff)).isEqualTo(0x8000_ffff);
    assertThat(PackedIntegers.minU16X2(0x8000_0001, 0x0001_ffff)).isEqualTo(0x0001_0001);
    assertThat(PackedIntegers.maxS16X2(0x8000_0001, 0x0001_ffff)).isEqualTo(0x0001_0001);
    assertThat(PackedIntegers.minReluS16X2(0x8000_0001, 0x0001_0002)).isEqualTo(1);
  }
}
