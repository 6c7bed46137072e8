// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.math;

/**
 * Bit logic and the bytes of words: {@code lop3} (PTX ISA 9.7.8), {@code prmt} (9.7.9), {@code
 * dp4a} and {@code dp2a} (9.7.1).
 */
public final class Bytes {
  private Bytes() {}

  /** {@code lop3.b32}: bit i of the answer is bit {@code 4*a[i] + 2*b[i] + c[i]} of the table. */
  public static int lop3(int a, int b, int c, int table) {
    // Two binary choices: c picks a pair of table bits, b a bit of it, a the half of the table.
    int low =
        choose(b, choose(c, bit(table, 3), bit(table, 2)), choose(c, bit(table, 1), bit(table, 0)));
    int high =
        choose(b, choose(c, bit(table, 7), bit(table, 6)), choose(c, bit(table, 5), bit(table, 4)));
    return choose(a, high, low);
  }

  private static int choose(int selector, int ifSet, int ifClear) {
    return (selector & ifSet) | (~selector & ifClear);
  }

  /** All ones or all zeros, as that bit of the table. */
  private static int bit(int table, int index) {
    return table << (31 - index) >> 31;
  }

  /** {@code prmt.b32}: four selectors of four bits; the highest one copies the byte's sign. */
  public static int prmt(int a, int b, int selectors) {
    long bytes = (long) b << 32 | (a & 0xffff_ffffL);
    return select(bytes, selectors)
        | select(bytes, selectors >> 4) << 8
        | select(bytes, selectors >> 8) << 16
        | select(bytes, selectors >> 12) << 24;
  }

  private static int select(long bytes, int selector) {
    int value = (byte) (bytes >> ((selector & 7) << 3));
    return ((selector & 8) == 0 ? value : value >> 7) & 0xff;
  }

  /** {@code prmt.b32.f4e}: four bytes forwards from byte {@code c}. */
  public static int prmtForward4Extract(int a, int b, int c) {
    return prmt(a, b, 0x3210 + 0x1111 * (c & 3));
  }

  /** {@code prmt.b32.b4e}: four bytes backwards from byte {@code c}, around the end. */
  public static int prmtBackward4Extract(int a, int b, int c) {
    return prmt(a, b, 0x0123_7012_6701_5670L, c);
  }

  /** {@code prmt.b32.rc8}: byte {@code c} four times. */
  public static int prmtReplicate8(int a, int b, int c) {
    return prmt(a, b, 0x1111 * (c & 3));
  }

  /** {@code prmt.b32.ecl}: bytes below {@code c} become byte {@code c}. */
  public static int prmtEdgeClampLeft(int a, int b, int c) {
    return prmt(a, b, 0x3333_3222_3211_3210L, c);
  }

  /** {@code prmt.b32.ecr}: bytes above {@code c} become byte {@code c}. */
  public static int prmtEdgeClampRight(int a, int b, int c) {
    return prmt(a, b, 0x3210_2210_1110_0000L, c);
  }

  /** {@code prmt.b32.rc16}: the lower or upper half of {@code a} twice, by the lowest bit. */
  public static int prmtReplicate16(int a, int b, int c) {
    return prmt(a, b, 0x3232_1010_3232_1010L, c);
  }

  private static int prmt(int a, int b, long selectorsByMode, int mode) {
    return prmt(a, b, (int) (selectorsByMode >>> ((mode & 3) << 4)));
  }

  /** {@code dp4a.u32.u32}: {@code c} plus the products of the four bytes. */
  public static int dp4aU32U32(int a, int b, int c) {
    return c
        + unsigned(a, 0) * unsigned(b, 0)
        + unsigned(a, 8) * unsigned(b, 8)
        + unsigned(a, 16) * unsigned(b, 16)
        + unsigned(a, 24) * unsigned(b, 24);
  }

  /** {@code dp4a.s32.s32}. */
  public static int dp4aS32S32(int a, int b, int c) {
    return c
        + signed(a, 0) * signed(b, 0)
        + signed(a, 8) * signed(b, 8)
        + signed(a, 16) * signed(b, 16)
        + signed(a, 24) * signed(b, 24);
  }

  /** {@code dp4a.u32.s32}: bytes of {@code a} unsigned, of {@code b} signed. */
  public static int dp4aU32S32(int a, int b, int c) {
    return c
        + unsigned(a, 0) * signed(b, 0)
        + unsigned(a, 8) * signed(b, 8)
        + unsigned(a, 16) * signed(b, 16)
        + unsigned(a, 24) * signed(b, 24);
  }

  /** {@code dp4a.s32.u32}. */
  public static int dp4aS32U32(int a, int b, int c) {
    return dp4aU32S32(b, a, c);
  }

  /**
   * {@code dp2a.lo.u32.u32}: {@code c} plus the products of the halves of {@code a} with bytes 0
   * and 1 of {@code b}. For {@code dp2a.hi} pass {@code b >>> 16}.
   */
  public static int dp2aLoU32U32(int a, int b, int c) {
    return c + (a & 0xffff) * unsigned(b, 0) + (a >>> 16) * unsigned(b, 8);
  }

  /** {@code dp2a.lo.s32.s32}. */
  public static int dp2aLoS32S32(int a, int b, int c) {
    return c + (short) a * signed(b, 0) + (a >> 16) * signed(b, 8);
  }

  /** {@code dp2a.lo.u32.s32}. */
  public static int dp2aLoU32S32(int a, int b, int c) {
    return c + (a & 0xffff) * signed(b, 0) + (a >>> 16) * signed(b, 8);
  }

  /** {@code dp2a.lo.s32.u32}. */
  public static int dp2aLoS32U32(int a, int b, int c) {
    return c + (short) a * unsigned(b, 0) + (a >> 16) * unsigned(b, 8);
  }

  private static int unsigned(int word, int shift) {
    return word >>> shift & 0xff;
  }

  private static int signed(int word, int shift) {
    return (byte) (word >> shift);
  }
}
