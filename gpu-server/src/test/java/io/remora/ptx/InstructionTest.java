// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Groups of instructions against values computed here. */
final class InstructionTest {
  private static final int THREADS = 40;
  private final Rig rig = new Rig();

  @AfterEach
  void close() {
    rig.close();
  }

  /** Runs a body that leaves its answer in {@code %r9}; returns one answer for each thread. */
  private int[] answers(String body) throws KernelFault {
    return rig.run(
        body
            + """

              mul.wide.u32 %d50, %t, 4;
              add.s64 %d51, %out, %d50;
              st.global.u32 [%d51], %r9;
            """,
        THREADS,
        THREADS);
  }

  private interface IntFunction {
    int at(int thread);
  }

  private void check(String body, IntFunction expected) throws KernelFault {
    int[] answers = answers(body);
    for (int t = 0; t < THREADS; t++) {
      assertThat(answers[t]).as("thread %d of %s", t, body).isEqualTo(expected.at(t));
    }
  }

  @Test
  void integersAddMultiplyAndDivide() throws KernelFault {
    check("mad.lo.s32 %r9, %t, %t, 7;", t -> t * t + 7);
    check("sub.s32 %r1, 3, %t; mul.hi.s32 %r9, %r1, -5;", t -> (int) ((3L - t) * -5 >> 32));
    check("add.s32 %r1, %t, 1; div.u32 %r9, -7, %r1;", t -> Integer.divideUnsigned(-7, t + 1));
    check("add.s32 %r1, %t, 1; rem.s32 %r9, -1000, %r1;", t -> -1000 % (t + 1));
    check("cvt.u16.u32 %h1, %t; mul.wide.s16 %r9, %h1, -300;", t -> t * -300);
    check("mul.wide.u32 %d1, %t, -1; cvt.u32.u64 %r9, %d1;", t -> (int) (t * 0xffffffffL));
    check("sub.s32 %r1, %t, 20; abs.s32 %r2, %r1; min.u32 %r9, %r1, %r2;", t -> Math.abs(t - 20));
  }

  @Test
  void carriesRunThroughWords() throws KernelFault {
    check(
        """
        add.cc.u32 %r1, %t, -1;
        addc.u32 %r9, 5, 0;
        """,
        t -> 5 + (t > 0 ? 1 : 0));
    check("sub.cc.u32 %r1, 10, %t; subc.u32 %r9, 0, 0;", t -> t > 10 ? -1 : 0);
    check("mad.lo.cc.u32 %r1, %t, 2, -4; madc.hi.u32 %r9, %t, 2, 9;", t -> t >= 2 ? 10 : 9);
  }

  @Test
  void shiftsClampTheirAmount() throws KernelFault {
    check("shl.b32 %r9, 3, %t;", t -> t > 31 ? 0 : 3 << t);
    check("shr.s32 %r9, -9, %t;", t -> -9 >> Math.min(t, 31));
    check("shr.u32 %r9, -9, %t;", t -> t > 31 ? 0 : -9 >>> t);
    check("shf.l.wrap.b32 %r9, 1, 2, %t;", t -> t % 32 == 0 ? 2 : 2 << t | 1 >>> 32 - t % 32);
  }

  @Test
  void logicOfThreeInputsFollowsItsTable() throws KernelFault {
    for (int table : new int[] {0x96, 0xe8, 0x80, 0xfe, 0xca, 0x1b, 0x00, 0xff, 0x6a}) {
      check(
          "mul.lo.u32 %r1, %t, 77773; not.b32 %r2, %r1; xor.b32 %r2, %r2, 12345;\n"
              + "lop3.b32 %r9, %t, %r1, %r2, "
              + table
              + ";",
          t -> lop3(t, t * 77773, ~(t * 77773) ^ 12345, table));
    }
  }

  private static int lop3(int a, int b, int c, int table) {
    int result = 0;
    for (int bit = 0; bit < 32; bit++) {
      int index = (a >>> bit & 1) << 2 | (b >>> bit & 1) << 1 | (c >>> bit & 1);
      result |= (table >>> index & 1) << bit;
    }
    return result;
  }

  @Test
  void comparisonsTreatNanAsTheirNameSays() throws KernelFault {
    String set =
        "cvt.rn.f32.u32 %f1, %t; setp.lt.u32 %p9, %t, 20;\n"
            + "selp.f32 %f1, %f1, 0f7FC00000, %p9;\n";
    check(set + "setp.lt.f32 %p1, %f1, 0f41200000; selp.u32 %r9, 1, 0, %p1;", t -> t < 10 ? 1 : 0);
    check(
        set + "setp.ltu.f32 %p1, %f1, 0f41200000; selp.u32 %r9, 1, 0, %p1;",
        t -> t < 10 || t >= 20 ? 1 : 0);
    check(
        set + "setp.equ.f32 %p1, %f1, 0f40A00000; selp.u32 %r9, 1, 0, %p1;",
        t -> t == 5 || t >= 20 ? 1 : 0);
    check(
        set + "setp.ne.f32 %p1, %f1, 0f40A00000; selp.u32 %r9, 1, 0, %p1;",
        t -> t != 5 && t < 20 ? 1 : 0);
    check(set + "setp.nan.f32 %p1, %f1, %f1; selp.u32 %r9, 1, 0, %p1;", t -> t >= 20 ? 1 : 0);
    check(set + "set.ge.u32.f32 %r9, %f1, 0f40A00000;", t -> t >= 5 && t < 20 ? -1 : 0);
    check(
        "setp.hi.u32 %p1|%p2, %t, 7; selp.u32 %r1, 1, 0, %p1; selp.u32 %r2, 2, 0, %p2;\n"
            + "or.b32 %r9, %r1, %r2;",
        t -> t > 7 ? 1 : 2);
  }

  @Test
  void conversionsRoundAndClamp() throws KernelFault {
    String number =
        "cvt.rn.f32.s32 %f1, %t; sub.f32 %f1, %f1, 0f41200000;\n"
            + "mul.f32 %f1, %f1, 0f3F000000;\n"; // (t - 10) / 2
    check(number + "cvt.rni.s32.f32 %r9, %f1;", t -> (int) Math.rint((t - 10) / 2.0));
    check(number + "cvt.rmi.s32.f32 %r9, %f1;", t -> (int) Math.floor((t - 10) / 2.0));
    check(number + "cvt.rzi.u32.f32 %r9, %f1;", t -> Math.max(0, (t - 10) / 2));
    check(
        "sub.s32 %r1, %t, 20; mul.lo.s32 %r1, %r1, 20; cvt.sat.s8.s32 %r9, %r1;",
        t -> Math.max(-128, Math.min(127, (t - 20) * 20)));
    check("sub.s32 %r1, %t, 20; cvt.u16.s32 %h1, %r1; cvt.s32.s16 %r9, %h1;", t -> t - 20);
    check(
        "cvt.rn.f64.u32 %g1, %t; mul.f64 %g1, %g1, 0d4059000000000000;\n"
            + "cvt.rzi.s64.f64 %d1, %g1; cvt.u32.u64 %r9, %d1;",
        t -> t * 100);
    check(
        "cvt.rn.f16.u32 %h1, %t; add.f16 %h2, %h1, %h1; cvt.f32.f16 %f1, %h2;\n"
            + "cvt.rzi.s32.f32 %r9, %f1;",
        t -> 2 * t);
  }

  @Test
  void vectorsAndPackedRegistersKeepTheirOrder() throws KernelFault {
    check(
        "mov.b64 %d1, {%t, 7}; mov.b64 {%r1, %r2}, %d1; shl.b32 %r2, %r2, 8;\n"
            + "or.b32 %r9, %r1, %r2;",
        t -> t | 7 << 8);
    check(
        "cvt.u16.u32 %h1, %t; mov.b32 %r1, {%h1, %h1}; mov.b32 {%h2, %h3}, %r1;\n"
            + "cvt.u32.u16 %r9, %h3;",
        t -> t);
    check(
        """
        .shared .align 16 .b8 row[640];
        mov.u32 %r1, row;
        mad.lo.u32 %r1, %t, 16, %r1;
        add.s32 %r2, %t, 1; add.s32 %r3, %t, 2; add.s32 %r4, %t, 3;
        st.shared.v4.u32 [%r1], {%t, %r2, %r3, %r4};
        ld.shared.v2.u32 {%r5, %r6}, [%r1+8];
        shl.b32 %r6, %r6, 8;
        or.b32 %r9, %r5, %r6;
        """,
        t -> t + 2 | t + 3 << 8);
  }

  @Test
  void sharedAddressesOfThirtyTwoBitsWrapAround() throws KernelFault {
    check(
        """
        .shared .align 4 .b8 row[256];
        mul.lo.u32 %r1, %t, 4;
        sub.u32 %r2, %r1, 1024;
        st.shared.u32 [%r2+1024], %t;
        bar.sync 0;
        ld.shared.u32 %r9, [%r1];
        """,
        t -> t);
  }

  @Test
  void localMemoryBelongsToEachThreadAlsoByGenericAddresses() throws KernelFault {
    check(
        """
        .local .align 8 .b8 box[64];
        mov.u64 %d1, box;
        cvta.local.u64 %d2, %d1;
        and.b32 %r1, %t, 7;
        mul.wide.u32 %d3, %r1, 4;
        add.s64 %d4, %d2, %d3;
        st.u32 [%d4], %t;
        add.s64 %d5, %d1, %d3;
        ld.local.u32 %r9, [%d5];
        """,
        t -> t);
  }

  @Test
  void specialRegistersNameTheThread() throws KernelFault {
    check("mov.u32 %r9, %laneid;", t -> t % 32);
    check("mov.u32 %r9, %warpid;", t -> t / 32);
    check("mov.u32 %r9, %nwarpid;", t -> 2);
    check("mov.u32 %r9, %lanemask_lt;", t -> (1 << t % 32) - 1);
    check("mov.u32 %r9, %lanemask_ge;", t -> -1 << t % 32);
    check("mov.u32 %r9, %ntid.x;", t -> THREADS);
    check(
        "mov.u64 %d1, %clock64; mov.u64 %d2, %clock64; setp.le.u64 %p1, %d1, %d2;\n"
            + "selp.u32 %r9, 1, 0, %p1;",
        t -> 1);
  }

  @Test
  void pairsOfHalvesCompareHalfByHalf() throws KernelFault {
    // Lower halves: the thread's number against 5; upper halves: 1 against 1.
    String pair =
        """
        cvt.rn.f16.u32 %h1, %t;
        mov.b32 %r1, {%h1, 0x3C00};
        mov.b32 %r2, 0x3C004500;
        """;
    check(pair + "set.le.f16x2.f16x2 %r9, %r1, %r2;", t -> 0x3c00 << 16 | (t <= 5 ? 0x3c00 : 0));
    check(
        pair
            + "setp.gt.f16x2 %p1|%p2, %r1, %r2; selp.u32 %r3, 1, 0, %p1; selp.u32 %r4, 2, 0, %p2;\n"
            + "or.b32 %r9, %r3, %r4;",
        t -> t > 5 ? 1 : 0);
  }

  @Test
  void guardsLeaveTheOldValue() throws KernelFault {
    check(
        "mov.u32 %r9, 5; setp.gt.u32 %p1, %t, 9; @%p1 mov.u32 %r9, %t;\n"
            + "@!%p1 add.u32 %r9, %r9, 1;",
        t -> t > 9 ? t : 6);
  }

  @Test
  void aTableOfTargetsIsIndexed() throws KernelFault {
    check(
        """
        and.b32 %r1, %t, 3;
        mov.u32 %r9, 0;
        T: .branchtargets A, B, C, A;
        brx.idx %r1, T;
        A: mov.u32 %r9, 10; bra E;
        B: mov.u32 %r9, 20; bra E;
        C: mov.u32 %r9, 30;
        E:
        """,
        t -> new int[] {10, 20, 30, 10}[t & 3]);
  }

  @Test
  void anIndexBeyondItsTableIsAFault() {
    assertThatThrownBy(() -> answers("mov.u32 %r9, 0; T: .branchtargets A; brx.idx %t, T; A:"))
        .isInstanceOfSatisfying(
            KernelFault.class,
            fault -> {
              assertThat(fault.kind()).isEqualTo(KernelFault.Kind.ILLEGAL_INSTRUCTION);
              assertThat(fault.thread().x()).isEqualTo(1);
            });
  }
}
