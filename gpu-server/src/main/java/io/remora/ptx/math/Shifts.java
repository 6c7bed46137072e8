// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * Shifts (PTX ISA 9.7.8, "shf", "shl", "shr"). Amounts are unsigned 32-bit numbers, and an amount
 * above the width counts as the width, where the JVM would take it modulo the width.
 */
public final class Shifts {
  private Shifts() {}

  /** {@code shl.b16}; the answer is zero-extended. */
  public static int shlB16(int a, int amount) {
    return shlB32(a, amount) & 0xffff;
  }

  /** {@code shl.b32}. */
  public static int shlB32(int a, int amount) {
    return (amount & ~31) == 0 ? a << amount : 0;
  }

  /** {@code shl.b64}. */
  public static long shlB64(long a, int amount) {
    return (amount & ~63) == 0 ? a << amount : 0;
  }

  /** {@code shr.u16} and {@code shr.b16}. */
  public static int shrU16(int a, int amount) {
    return shrU32(a & 0xffff, amount);
  }

  /** {@code shr.s16}. */
  public static int shrS16(int a, int amount) {
    return shrS32((short) a, amount);
  }

  /** {@code shr.u32} and {@code shr.b32}. */
  public static int shrU32(int a, int amount) {
    return (amount & ~31) == 0 ? a >>> amount : 0;
  }

  /** {@code shr.s32}. */
  public static int shrS32(int a, int amount) {
    return (amount & ~31) == 0 ? a >> amount : a >> 31;
  }

  /** {@code shr.u64} and {@code shr.b64}. */
  public static long shrU64(long a, int amount) {
    return (amount & ~63) == 0 ? a >>> amount : 0;
  }

  /** {@code shr.s64}. */
  public static long shrS64(long a, int amount) {
    return (amount & ~63) == 0 ? a >> amount : a >> 63;
  }

  /** {@code shf.l.clamp.b32}: the upper word of {@code b:a} shifted left by at most 32. */
  public static int shfLeftClamp(int a, int b, int amount) {
    return (amount & ~31) == 0 ? shfLeftWrap(a, b, amount) : a;
  }

  /** {@code shf.l.wrap.b32}: the amount counts modulo 32. */
  public static int shfLeftWrap(int a, int b, int amount) {
    return (int) (join(a, b) << (amount & 31) >>> 32);
  }

  /** {@code shf.r.clamp.b32}: the lower word of {@code b:a} shifted right by at most 32. */
  public static int shfRightClamp(int a, int b, int amount) {
    return (amount & ~31) == 0 ? shfRightWrap(a, b, amount) : b;
  }

  /** {@code shf.r.wrap.b32}: the amount counts modulo 32. */
  public static int shfRightWrap(int a, int b, int amount) {
    return (int) (join(a, b) >>> (amount & 31));
  }

  private static long join(int low, int high) {
    return (long) high << 32 | (low & 0xffff_ffffL);
  }
}
