// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Rows of threads, which differ in {@code %tid.x} only, where they run as one and where not. */
final class RowsTest {
  private static final int ROUNDS = 7;
  private static final int LAST = 7;

  /**
   * Adds up words that lie one block apart. A thread that reads a 7 ends, so that the others of its
   * row go on without it; what it multiplies by changes by constant steps along a row, whose last
   * threads go another way in two of the rounds.
   *
   * @param meeting where the threads of a warp meet, if they do
   */
  private static String sum(String meeting) {
    return Rig.module(
        """
          .visible .entry sum(.param .u64 out, .param .u64 in, .param .u32 rounds)
          {
            .reg .pred %%p<8>;
            .reg .b32 %%r<20>;
            .reg .f32 %%f<4>;
            .reg .b64 %%d<10>;
            ld.param.u64 %%d1, [out];
            ld.param.u64 %%d2, [in];
            ld.param.u32 %%r1, [rounds];
            mov.u32 %%r5, %%tid.x;
            mov.u32 %%r3, %%tid.y;
            mov.u32 %%r2, %%ntid.x;
            mad.lo.u32 %%r4, %%r3, %%r2, %%r5;
            mov.u32 %%r6, 100;
            mov.f32 %%f1, 0f3F800000;
            mul.wide.u32 %%d3, %%r4, 4;
            add.s64 %%d4, %%d2, %%d3;
            mov.u32 %%r7, 0;
            mov.u32 %%r8, 0;
            mov.u32 %%r12, %%ntid.y;
            mul.lo.u32 %%r13, %%r12, %%r2;
            mul.wide.u32 %%d5, %%r13, 4;
            mov.u32 %%r15, %%tid.x;
            add.s64 %%d6, %%d1, %%d3;
          AGAIN:
            bar.sync 0;
            add.u32 %%r5, %%r5, 1;
            ld.global.u32 %%r9, [%%d4];
            st.global.u32 [%%d6], %%r7;
            setp.eq.u32 %%p1, %%r9, 7;
            @%%p1 exit;
            %1$s
            cvt.rzi.u32.f32 %%r11, %%f1;
            mad.lo.u32 %%r7, %%r9, %%r5, %%r7;
            mad.lo.u32 %%r7, %%r11, %%r6, %%r7;
            bar.sync 0;
            setp.eq.u32 %%p3, %%r8, 1;
            selp.b32 %%r14, 8, 100000, %%p3;
            setp.eq.u32 %%p4, %%r8, 3;
            selp.b32 %%r16, 5, %%r14, %%p4;
            setp.ge.u32 %%p5, %%r15, %%r16;
            @%%p5 bra HIGH;
            add.u32 %%r7, %%r7, 1;
          HIGH:
            add.u32 %%r5, %%r5, 3;
            add.u32 %%r6, %%r6, %%r8;
            add.f32 %%f1, %%f1, 0f3F800000;
            add.s64 %%d4, %%d4, %%d5;
            add.u32 %%r8, %%r8, 1;
            setp.lt.u32 %%p2, %%r8, %%r1;
            @%%p2 bra AGAIN;
            mad.lo.u32 %%r7, %%r5, 1000, %%r7;
            st.global.u32 [%%d6], %%r7;
            ret;
          }
        """
            .formatted(meeting));
  }

  private final Rig rig = new Rig();

  @AfterEach
  void close() {
    rig.close();
  }

  @ParameterizedTest
  @CsvSource({
    "16,4,''",
    "64,2,''",
    "24,3,''",
    "1,32,''",
    "200,1,''",
    "64,2,bar.warp.sync 0xffffffff;",
    "48,4,bar.warp.sync 0xffffffff;"
  })
  void whatARowKeepsOnceReachesThreadsThatPartFromIt(int width, int height, String meeting)
      throws KernelFault {
    int threads = width * height;
    int[] in = new int[threads * ROUNDS];
    for (int i = 0; i < in.length; i++) {
      int round = i / threads;
      int thread = i % threads;
      boolean ends =
          switch (round) {
            case 2 -> thread == threads / 2 || thread == 40;
            case 3 -> thread / width == height - 1;
            case 5 -> thread % 3 == 0;
            default -> false;
          };
      in[i] = ends ? LAST : 10 + i % 5;
    }
    int[] expected = new int[threads];
    for (int thread = 0; thread < threads; thread++) {
      int x = thread % width;
      int round = 0;
      int other = 100;
      while (round < ROUNDS) {
        int word = in[round * threads + thread];
        if (word == LAST) {
          break;
        }
        expected[thread] += word * (x + 4 * round + 1) + (round + 1) * other;
        expected[thread] += x >= (round == 1 ? 8 : round == 3 ? 5 : 100_000) ? 0 : 1;
        other += round;
        round++;
      }
      expected[thread] += round == ROUNDS ? (x + 4 * ROUNDS) * 1000 : 0;
    }

    long out = rig.allocate(4L * threads);
    rig.launch(
        Rig.compile(sum(meeting)),
        "sum",
        new LaunchShape(1, 1, 1, width, height, 1, 0),
        out,
        rig.upload(in),
        ROUNDS);

    assertThat(rig.ints(out, threads)).isEqualTo(expected);
  }

  @Test
  void warpsOfOneRowThatPartGetWhatTheRowHasKept() throws KernelFault {
    // Of the row's two warps, one waits twice where the other doesn't wait.
    String body =
        """
        mov.u32 %r5, %t;
        mov.u32 %r6, %t;
        mov.u32 %r1, 5;
        mul.wide.u32 %d1, %t, 4;
        add.s64 %d2, %out, %d1;
        bar.warp.sync 0xffffffff;
        add.u32 %r5, %r5, %r1;
        add.u32 %r6, %r6, %r1;
        bar.warp.sync 0xffffffff;
        ld.global.u32 %r2, [%d2];
        setp.ne.u32 %p1, %r2, 0;
        @%p1 bra MEET;
        bar.warp.sync 0xffffffff;
        bar.warp.sync 0xffffffff;
        MEET:
        add.u32 %r5, %r5, %t;
        bar.warp.sync 0xffffffff;
        add.u32 %r6, %r6, 1;
        bar.warp.sync 0xffffffff;
        mad.lo.u32 %r7, %r6, 1000, %r5;
        st.global.u32 [%d2], %r7;
        """;
    for (int quick = 0; quick < 2; quick++) {
      int[] in = new int[64];
      for (int i = 0; i < 64; i++) {
        in[i] = i / 32 == quick ? 1 : 0;
      }
      long data = rig.upload(in);
      rig.launch(Rig.compile(Rig.kernel(body)), "test", LaunchShape.linear(1, 64), data, 64);
      int[] results = rig.ints(data, 64);
      for (int i = 0; i < 64; i++) {
        assertThat(results[i]).isEqualTo(1000 * (i + 6) + 2 * i + 5);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"16,4", "20,3", "32,1"})
  void rowsThatReadManySharedValuesComputeTheSame(int width, int height) throws KernelFault {
    int threads = width * height;
    int[] in = new int[threads];
    for (int i = 0; i < threads; i++) {
      in[i] = Float.floatToRawIntBits(1 + i * 0.37f);
    }
    long out = rig.allocate(8L * threads);

    rig.launch(
        Rig.compile(manyShared(20)),
        "shared",
        new LaunchShape(1, 1, 1, width, height, 1, 0),
        out,
        rig.upload(in));

    int[] results = rig.ints(out, 2 * threads);
    for (int thread = 0; thread < threads; thread++) {
      float sum = 0;
      float first = 0;
      for (int i = 0; i < 20; i++) {
        // Words behind the block's own are zero.
        int shared = thread / width + i;
        float a = shared < threads ? 1 + shared * 0.37f : 0;
        float b = thread + i < threads ? 1 + (thread + i) * 0.37f : 0;
        sum = Math.fma(a, b, sum);
        first = i == 0 ? b : first;
      }
      assertThat(Float.intBitsToFloat(results[thread])).isEqualTo(sum + first);
      assertThat(results[threads + thread]).isEqualTo(thread % width);
    }
  }

  /** A product of words that a row shares with words of each thread, by shared memory. */
  private static String manyShared(int terms) {
    var text =
        new StringBuilder(
            """
            .visible .entry shared(.param .u64 out, .param .u64 in)
            {
              .reg .pred %p<4>;
              .reg .b32 %r<20>;
              .reg .f32 %f<100>;
              .reg .b64 %d<10>;
              .shared .align 4 .b8 tile[1024];
              ld.param.u64 %d1, [out];
              ld.param.u64 %d2, [in];
              mov.u32 %r1, %tid.x;
              mov.u32 %r2, %tid.y;
              mov.u32 %r3, %ntid.x;
              mov.u32 %r4, %ntid.y;
              mad.lo.u32 %r5, %r2, %r3, %r1;
              mul.lo.u32 %r6, %r3, %r4;
              mul.wide.u32 %d3, %r5, 4;
              add.s64 %d4, %d2, %d3;
              mov.u32 %r7, tile;
              shl.b32 %r8, %r5, 2;
              add.u32 %r9, %r7, %r8;
              shl.b32 %r10, %r2, 2;
              add.u32 %r11, %r7, %r10;
              ld.global.f32 %f1, [%d4];
              mov.f32 %f2, 0f00000000;
              shl.b32 %r14, %r6, 2;
              add.u32 %r15, %r9, %r14;
              st.shared.f32 [%r15], %f2;
              st.shared.f32 [%r9], %f1;
              mov.f32 %f99, 0f00000000;
              bar.sync 0;
            """);
    for (int i = 0; i < terms; i++) {
      text.append("ld.shared.f32 %f").append(20 + i).append(", [%r9+").append(4 * i).append("];\n");
      text.append("ld.shared.f32 %f")
          .append(50 + i)
          .append(", [%r11+")
          .append(4 * i)
          .append("];\n");
      text.append("fma.rn.f32 %f99, %f")
          .append(50 + i)
          .append(", %f")
          .append(20 + i)
          .append(", %f99;\n");
    }
    text.append(
        """
          add.f32 %f98, %f99, %f20;
          mov.u32 %r12, %r1;
          bar.sync 0;
          add.s64 %d5, %d1, %d3;
          mul.wide.u32 %d6, %r6, 4;
          add.s64 %d7, %d5, %d6;
          st.global.f32 [%d5], %f98;
          st.global.u32 [%d7], %r12;
          ret;
        }
        """);
    return Rig.module(text.toString());
  }

  @Test
  void repeatedValuesAreThoseOfTheirArguments() throws KernelFault {
    // The same polynomial of |-2 x| and |2 x|, of a register that has changed between, and behind a
    // guard.
    String body =
        """
        cvt.rn.f32.u32 %f1, %t;
        add.f32 %f1, %f1, 0fC0A00000;
        mul.f32 %f2, %f1, 0fC0000000;
        abs.f32 %f3, %f2;
        fma.rn.f32 %f4, %f3, 0f40400000, 0f3F800000;
        ex2.approx.ftz.f32 %f5, %f4;
        mul.f32 %f6, %f1, 0f40000000;
        abs.f32 %f7, %f6;
        fma.rn.f32 %f8, %f7, 0f40400000, 0f3F800000;
        ex2.approx.ftz.f32 %f9, %f8;
        sub.f32 %f10, %f9, %f5;
        setp.gt.u32 %p1, %t, 3;
        @%p1 add.f32 %f3, %f3, 0f3F800000;
        fma.rn.f32 %f11, %f3, 0f40400000, 0f3F800000;
        mul.rm.f32 %f12, %f1, 0f3DCCCCCD;
        mul.rm.f32 %f13, %f1, 0fBDCCCCCD;
        abs.f32 %f14, %f12;
        abs.f32 %f15, %f13;
        sub.f32 %f16, %f15, %f14;
        mov.b32 %r1, %f16;
        cvt.rni.s32.f32 %r2, %f11;
        setp.eq.f32 %p2, %f10, 0f00000000;
        selp.b32 %r3, 1, 0, %p2;
        setp.neu.f32 %p3, %f16, 0f00000000;
        selp.b32 %r4, 10000, 0, %p3;
        mad.lo.s32 %r5, %r2, 10, %r3;
        add.s32 %r9, %r5, %r4;
        mul.wide.u32 %d50, %t, 4;
        add.s64 %d51, %out, %d50;
        st.global.u32 [%d51], %r9;
        """;
    int[] results = rig.run(body, 12, 12);
    for (int t = 0; t < 12; t++) {
      float x = t - 5f;
      int straight = Math.round(3 * (Math.abs(2 * x) + (t > 3 ? 1 : 0)) + 1);
      // Rounded down, the two products differ in magnitude unless they are exact.
      boolean exact = (double) x * 0.1f == x * 0.1f;
      assertThat(results[t]).isEqualTo(straight * 10 + 1 + (exact ? 0 : 10000));
    }
  }
}
