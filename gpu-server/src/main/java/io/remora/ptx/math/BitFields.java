// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * Bit fields and bit searches (PTX ISA 9.7.1, "popc", "clz", "bfind", "fns", "brev", "bfe", "bfi",
 * "szext", "bmsk"). {@code popc} and {@code clz} are {@link Integer#bitCount}, {@link
 * Integer#numberOfLeadingZeros} and their siblings in {@link Long}, {@code brev} is {@link
 * Integer#reverse}.
 */
public final class BitFields {
  private BitFields() {}

  /** {@code bfe.u32}; position and length are the low 8 bits of {@code b} and {@code c}. */
  public static int bfeU32(int a, int b, int c) {
    return (int) bfeU64(a & 0xffff_ffffL, b, c);
  }

  /** {@code bfe.s32}. */
  public static int bfeS32(int a, int b, int c) {
    // Sign extension beyond bit 31 is what bits past the word's end must read as.
    return (int) bfeS64(a, b, c);
  }

  /** {@code bfe.u64}. */
  public static long bfeU64(long a, int b, int c) {
    return Shifts.shrU64(a, b & 0xff) & lowMask(c & 0xff);
  }

  /** {@code bfe.s64}. */
  public static long bfeS64(long a, int b, int c) {
    int length = c & 0xff;
    if (length == 0) {
      return 0;
    }
    long field = Shifts.shrS64(a, b & 0xff);
    int unused = Math.max(0, 64 - length);
    return field << unused >> unused;
  }

  /**
   * {@code bfi.b32}: {@code b} with the low bits of {@code a} put in; position and length are the
   * low 8 bits of {@code c} and {@code d}.
   */
  public static int bfiB32(int a, int b, int c, int d) {
    return (int) bfiB64(a, b, c, d);
  }

  /** {@code bfi.b64}. */
  public static long bfiB64(long a, long b, int c, int d) {
    long mask = Shifts.shlB64(lowMask(d & 0xff), c & 0xff);
    return (b & ~mask) | (Shifts.shlB64(a, c & 0xff) & mask);
  }

  /** {@code bfind.u32}: the highest set bit's position, or -1. */
  public static int bfindU32(int a) {
    return 31 - Integer.numberOfLeadingZeros(a);
  }

  /** {@code bfind.s32}: the highest bit that isn't the sign, or -1. */
  public static int bfindS32(int a) {
    return bfindU32(a ^ (a >> 31));
  }

  /** {@code bfind.u64}. */
  public static int bfindU64(long a) {
    return 63 - Long.numberOfLeadingZeros(a);
  }

  /** {@code bfind.s64}. */
  public static int bfindS64(long a) {
    return bfindU64(a ^ (a >> 63));
  }

  /** {@code bfind.shiftamt.u32}: the shift that brings that bit to the top, or -1. */
  public static int bfindShiftU32(int a) {
    return a == 0 ? -1 : Integer.numberOfLeadingZeros(a);
  }

  /** {@code bfind.shiftamt.s32}. */
  public static int bfindShiftS32(int a) {
    return bfindShiftU32(a ^ (a >> 31));
  }

  /** {@code bfind.shiftamt.u64}. */
  public static int bfindShiftU64(long a) {
    return a == 0 ? -1 : Long.numberOfLeadingZeros(a);
  }

  /** {@code bfind.shiftamt.s64}. */
  public static int bfindShiftS64(long a) {
    return bfindShiftU64(a ^ (a >> 63));
  }

  /**
   * {@code fns.b32}: the position of the {@code offset}-th set bit of {@code mask}, counted upwards
   * from bit {@code base} if positive and downwards if negative; with offset 0 {@code base} itself
   * if it is set. Answers -1 if there is none.
   */
  public static int fnsB32(int mask, int base, int offset) {
    if (offset == 0) {
      return (mask >>> base & 1) == 1 ? base : -1;
    }
    int step = offset > 0 ? 1 : -1;
    long left = Math.abs((long) offset);
    for (int position = base; position >= 0 && position < 32; position += step) {
      left -= mask >>> position & 1;
      if (left == 0) {
        return position;
      }
    }
    return -1;
  }

  /** {@code szext.clamp.s32}: {@code a} as a signed number of {@code b} bits, 32 at most. */
  public static int szextClampS32(int a, int b) {
    return (b & ~31) == 0 ? szextWrapS32(a, b) : a;
  }

  /** {@code szext.wrap.s32}: the number of bits counts modulo 32. */
  public static int szextWrapS32(int a, int b) {
    int bits = b & 31;
    return bits == 0 ? 0 : a << -bits >> -bits;
  }

  /** {@code szext.clamp.u32}: the low {@code b} bits of {@code a}, 32 at most. */
  public static int szextClampU32(int a, int b) {
    return (b & ~31) == 0 ? szextWrapU32(a, b) : a;
  }

  /** {@code szext.wrap.u32}: the number of bits counts modulo 32. */
  public static int szextWrapU32(int a, int b) {
    return a & (int) lowMask(b & 31);
  }

  /** {@code bmsk.clamp.b32}: {@code b} ones from bit {@code a} on; both saturate at 32. */
  public static int bmskClamp(int a, int b) {
    int width = (b & ~31) == 0 ? b : 32;
    return (a & ~31) == 0 ? (int) (lowMask(width) << a) : 0;
  }

  /** {@code bmsk.wrap.b32}: position and width count modulo 32. */
  public static int bmskWrap(int a, int b) {
    return (int) (lowMask(b & 31) << (a & 31));
  }

  /** That many low bits set; {@code length} is not negative. */
  private static long lowMask(int length) {
    return length >= 64 ? -1L : (1L << length) - 1;
  }
}
