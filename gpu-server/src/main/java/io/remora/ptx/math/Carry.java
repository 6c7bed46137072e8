// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * The carry flag of extended-precision arithmetic (PTX ISA 9.7.2). The flag {@code CC.CF} is an
 * {@code int} of value 0 or 1; after a subtraction 0 means "borrow", as adding a complement has it.
 * For each instruction the value is plain JVM arithmetic with the old flag as a summand, and a
 * function here gives the new flag:
 *
 * <pre>
 *   add.cc  d = a + b           CF = addCarry(a, b, 0)
 *   addc.cc d = a + b + CF      CF = addCarry(a, b, CF)
 *   sub.cc  d = a - b           CF = 1 - subBorrow(a, b, 0)
 *   subc.cc d = a - b - 1 + CF  CF = 1 - subBorrow(a, b, 1 - CF)
 *   mad.lo.cc  d = lo(a*b) + c        CF = addCarry(lo(a*b), c, 0)
 *   madc.hi.cc d = hi(a*b) + c + CF   CF = addCarry(hi(a*b), c, CF)
 * </pre>
 */
public final class Carry {
  private Carry() {}

  /** The carry out of {@code a + b + carry}, 32 bits; {@code carry} is 0 or 1. */
  public static int addCarry32(int a, int b, int carry) {
    return (int) (((a & 0xffff_ffffL) + (b & 0xffff_ffffL) + carry) >>> 32);
  }

  /** The carry out of {@code a + b + carry}, 64 bits; {@code carry} is 0 or 1. */
  public static int addCarry64(long a, long b, int carry) {
    long sum = a + b + carry;
    return (int) (((a & b) | ((a | b) & ~sum)) >>> 63);
  }

  /** The borrow of {@code a - b - borrow}, 32 bits; {@code borrow} is 0 or 1. */
  public static int subBorrow32(int a, int b, int borrow) {
    return (int) (((a & 0xffff_ffffL) - (b & 0xffff_ffffL) - borrow) >>> 63);
  }

  /** The borrow of {@code a - b - borrow}, 64 bits; {@code borrow} is 0 or 1. */
  public static int subBorrow64(long a, long b, int borrow) {
    long difference = a - b - borrow;
    return (int) (((~a & b) | ((~a | b) & difference)) >>> 63);
  }
}
