// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.memory;

import io.remora.ptx.math.BfloatArithmetic;
import io.remora.ptx.math.FloatModifiers;
import io.remora.ptx.math.HalfArithmetic;
import sun.misc.Unsafe;

/**
 * Atomic operations at checked host addresses; each returns the value before (PTX ISA 9.7.13,
 * "atom"). Operations of 16 bits work on the aligned word around them.
 */
public final class Atomics {
  private static final Unsafe UNSAFE = Raw.UNSAFE;

  private Atomics() {}

  /** {@code atom.add.u32}. */
  public static int addInt(long host, int value) {
    return UNSAFE.getAndAddInt(null, host, value);
  }

  /** {@code atom.add.u64}. */
  public static long addLong(long host, long value) {
    return UNSAFE.getAndAddLong(null, host, value);
  }

  /** {@code atom.exch.b32}. */
  public static int exchInt(long host, int value) {
    return UNSAFE.getAndSetInt(null, host, value);
  }

  /** {@code atom.exch.b64}. */
  public static long exchLong(long host, long value) {
    return UNSAFE.getAndSetLong(null, host, value);
  }

  /** {@code atom.cas.b32}. */
  public static int casInt(long host, int expected, int value) {
    while (true) {
      if (UNSAFE.compareAndSwapInt(null, host, expected, value)) {
        return expected;
      }
      int now = UNSAFE.getIntVolatile(null, host);
      if (now != expected) {
        return now;
      }
    }
  }

  /** {@code atom.cas.b64}. */
  public static long casLong(long host, long expected, long value) {
    while (true) {
      if (UNSAFE.compareAndSwapLong(null, host, expected, value)) {
        return expected;
      }
      long now = UNSAFE.getLongVolatile(null, host);
      if (now != expected) {
        return now;
      }
    }
  }

  /** {@code atom.cas.b16}. */
  public static int casShort(long host, int expected, int value) {
    long word = host & -4L;
    int shift = (int) (host & 2) * 8;
    while (true) {
      int before = UNSAFE.getIntVolatile(null, word);
      int now = before >>> shift & 0xffff;
      if (now != (expected & 0xffff)) {
        return now;
      }
      int after = before & ~(0xffff << shift) | (value & 0xffff) << shift;
      if (UNSAFE.compareAndSwapInt(null, word, before, after)) {
        return now;
      }
    }
  }

  /** {@code atom.shared.add.f32}, which keeps subnormal numbers. */
  public static float addFloat(long host, float value) {
    while (true) {
      int before = UNSAFE.getIntVolatile(null, host);
      float old = Float.intBitsToFloat(before);
      int after = Float.floatToRawIntBits(old + value);
      if (UNSAFE.compareAndSwapInt(null, host, before, after)) {
        return old;
      }
    }
  }

  /** {@code atom.global.add.f32}, which flushes subnormal operands and sums to zero. */
  public static float addFloatFlushed(long host, float value) {
    float summand = FloatModifiers.flush(value);
    while (true) {
      int before = UNSAFE.getIntVolatile(null, host);
      float old = Float.intBitsToFloat(before);
      float sum = FloatModifiers.flush(FloatModifiers.flush(old) + summand);
      if (UNSAFE.compareAndSwapInt(null, host, before, Float.floatToRawIntBits(sum))) {
        return old;
      }
    }
  }

  /**
   * {@code atom.add.f32} at a generic address: as its memory has it.
   *
   * @param sharedHost where the block's shared memory begins
   * @param sharedOutside the bits that no offset in shared memory has
   */
  public static float addFloatGeneric(long host, float value, long sharedHost, long sharedOutside) {
    boolean isShared = (host - sharedHost & sharedOutside) == 0;
    return isShared ? addFloat(host, value) : addFloatFlushed(host, value);
  }

  /** {@code atom.add.f64}. */
  public static double addDouble(long host, double value) {
    while (true) {
      long before = UNSAFE.getLongVolatile(null, host);
      double old = Double.longBitsToDouble(before);
      long after = Double.doubleToRawLongBits(old + value);
      if (UNSAFE.compareAndSwapLong(null, host, before, after)) {
        return old;
      }
    }
  }

  /** A function of the value in memory and an operand. */
  public interface IntUpdate {
    /** The new value. */
    int apply(int before, int operand);
  }

  /** A function of the value in memory and an operand. */
  public interface LongUpdate {
    /** The new value. */
    long apply(long before, long operand);
  }

  private static int updateInt(long host, int value, IntUpdate update) {
    while (true) {
      int before = UNSAFE.getIntVolatile(null, host);
      if (UNSAFE.compareAndSwapInt(null, host, before, update.apply(before, value))) {
        return before;
      }
    }
  }

  private static long updateLong(long host, long value, LongUpdate update) {
    while (true) {
      long before = UNSAFE.getLongVolatile(null, host);
      if (UNSAFE.compareAndSwapLong(null, host, before, update.apply(before, value))) {
        return before;
      }
    }
  }

  /** {@code atom.and.b32}. */
  public static int andInt(long host, int value) {
    return updateInt(host, value, (before, operand) -> before & operand);
  }

  /** {@code atom.or.b32}. */
  public static int orInt(long host, int value) {
    return updateInt(host, value, (before, operand) -> before | operand);
  }

  /** {@code atom.xor.b32}. */
  public static int xorInt(long host, int value) {
    return updateInt(host, value, (before, operand) -> before ^ operand);
  }

  /** {@code atom.min.s32}. */
  public static int minSignedInt(long host, int value) {
    return updateInt(host, value, Math::min);
  }

  /** {@code atom.max.s32}. */
  public static int maxSignedInt(long host, int value) {
    return updateInt(host, value, Math::max);
  }

  /** {@code atom.min.u32}. */
  public static int minUnsignedInt(long host, int value) {
    return updateInt(host, value, (a, b) -> Integer.compareUnsigned(a, b) <= 0 ? a : b);
  }

  /** {@code atom.max.u32}. */
  public static int maxUnsignedInt(long host, int value) {
    return updateInt(host, value, (a, b) -> Integer.compareUnsigned(a, b) >= 0 ? a : b);
  }

  /** {@code atom.inc.u32}: counts up to the operand, then starts again at zero. */
  public static int incInt(long host, int limit) {
    return updateInt(host, limit, (a, b) -> Integer.compareUnsigned(a, b) >= 0 ? 0 : a + 1);
  }

  /** {@code atom.dec.u32}: counts down from the operand to zero. */
  public static int decInt(long host, int limit) {
    return updateInt(
        host, limit, (a, b) -> a == 0 || Integer.compareUnsigned(a, b) > 0 ? b : a - 1);
  }

  /** {@code atom.and.b64}. */
  public static long andLong(long host, long value) {
    return updateLong(host, value, (before, operand) -> before & operand);
  }

  /** {@code atom.or.b64}. */
  public static long orLong(long host, long value) {
    return updateLong(host, value, (before, operand) -> before | operand);
  }

  /** {@code atom.xor.b64}. */
  public static long xorLong(long host, long value) {
    return updateLong(host, value, (before, operand) -> before ^ operand);
  }

  /** {@code atom.min.s64}. */
  public static long minSignedLong(long host, long value) {
    return updateLong(host, value, Math::min);
  }

  /** {@code atom.max.s64}. */
  public static long maxSignedLong(long host, long value) {
    return updateLong(host, value, Math::max);
  }

  /** {@code atom.min.u64}. */
  public static long minUnsignedLong(long host, long value) {
    return updateLong(host, value, (a, b) -> Long.compareUnsigned(a, b) <= 0 ? a : b);
  }

  /** {@code atom.max.u64}. */
  public static long maxUnsignedLong(long host, long value) {
    return updateLong(host, value, (a, b) -> Long.compareUnsigned(a, b) >= 0 ? a : b);
  }

  /** An operation on 16 bits, on the aligned word around them. */
  private static int updateHalf(long host, int value, IntUpdate update) {
    long word = host & -4L;
    int shift = (int) (host & 2) * 8;
    while (true) {
      int before = UNSAFE.getIntVolatile(null, word);
      int old = before >>> shift & 0xffff;
      int sum = update.apply(old, value & 0xffff) & 0xffff;
      if (UNSAFE.compareAndSwapInt(
          null, word, before, before & ~(0xffff << shift) | sum << shift)) {
        return old;
      }
    }
  }

  /** {@code atom.min.noftz.f16}. */
  public static int minF16(long host, int value) {
    return updateHalf(host, value, HalfArithmetic::min);
  }

  /** {@code atom.max.noftz.f16}. */
  public static int maxF16(long host, int value) {
    return updateHalf(host, value, HalfArithmetic::max);
  }

  /** {@code atom.min.noftz.bf16}. */
  public static int minBf16(long host, int value) {
    return updateHalf(host, value, BfloatArithmetic::min);
  }

  /** {@code atom.max.noftz.bf16}. */
  public static int maxBf16(long host, int value) {
    return updateHalf(host, value, BfloatArithmetic::max);
  }

  /** {@code atom.min.noftz.f16x2}. */
  public static int minF16x2(long host, int value) {
    return updateInt(host, value, HalfArithmetic::minX2);
  }

  /** {@code atom.max.noftz.f16x2}. */
  public static int maxF16x2(long host, int value) {
    return updateInt(host, value, HalfArithmetic::maxX2);
  }

  /** {@code atom.min.noftz.bf16x2}. */
  public static int minBf16x2(long host, int value) {
    return updateInt(host, value, BfloatArithmetic::minX2);
  }

  /** {@code atom.max.noftz.bf16x2}. */
  public static int maxBf16x2(long host, int value) {
    return updateInt(host, value, BfloatArithmetic::maxX2);
  }

  /** {@code atom.add.noftz.f16}. */
  public static int addF16(long host, int value) {
    return updateHalf(host, value, HalfArithmetic::add);
  }

  /** {@code atom.add.noftz.bf16}. */
  public static int addBf16(long host, int value) {
    return updateHalf(host, value, BfloatArithmetic::add);
  }

  /** {@code atom.add.noftz.f16x2}; each half is added for itself, both at once here. */
  public static int addF16x2(long host, int value) {
    return updateInt(host, value, HalfArithmetic::addX2);
  }

  /** {@code atom.add.noftz.bf16x2}. */
  public static int addBf16x2(long host, int value) {
    return updateInt(host, value, BfloatArithmetic::addX2);
  }
}
