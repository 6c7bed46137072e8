// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Barriers and warp operations, also where the threads of a warp go different ways. */
final class WarpTest {
  private static final String STORE =
      """
        mul.wide.u32 %d50, %t, 4;
        add.s64 %d51, %out, %d50;
        st.global.u32 [%d51], %r9;
      """;

  private final Rig rig = new Rig();

  @AfterEach
  void close() {
    rig.close();
  }

  @Test
  void aButterflyAddsAWarp() throws KernelFault {
    var body = new StringBuilder("mov.u32 %r9, %t;\n");
    for (int distance = 16; distance > 0; distance /= 2) {
      body.append("shfl.sync.bfly.b32 %r1, %r9, ").append(distance).append(", 31, -1;\n");
      body.append("add.u32 %r9, %r9, %r1;\n");
    }
    int[] sums = rig.run(body + STORE, 96, 96);
    for (int t = 0; t < 96; t++) {
      assertThat(sums[t]).isEqualTo(32 * (t / 32 * 32) + 496);
    }
  }

  @Test
  void threadsOfBothSidesOfABranchShuffleAmongThemselves() throws KernelFault {
    // Odd threads go one way, even threads another; each side shuffles with its own mask.
    String body =
        """
        and.b32 %r1, %t, 1;
        setp.eq.u32 %p1, %r1, 0;
        @%p1 bra EVEN;
        shfl.sync.idx.b32 %r9, %t, 31, 31, 0xAAAAAAAA;
        bra JOIN;
        EVEN:
        shfl.sync.idx.b32 %r9, %t, 30, 31, 0x55555555;
        JOIN:
        activemask.b32 %r2;
        setp.ne.u32 %p2, %r2, -1;
        @%p2 mov.u32 %r9, 999;
        """;
    int[] values = rig.run(body + STORE, 32, 32);
    for (int t = 0; t < 32; t++) {
      assertThat(values[t]).isEqualTo(t % 2 == 0 ? 30 : 31);
    }
  }

  @Test
  void theSameShuffleAtTwoPlacesMeets() throws KernelFault {
    String body =
        """
        setp.lt.u32 %p1, %t, 16;
        @%p1 bra LOW;
        shfl.sync.down.b32 %r9|%p3, %t, 1, 31, -1;
        bra JOIN;
        LOW:
        shfl.sync.down.b32 %r9|%p3, %t, 1, 31, -1;
        JOIN:
        """;
    int[] values = rig.run(body + STORE, 32, 32);
    for (int t = 0; t < 32; t++) {
      assertThat(values[t]).isEqualTo(Math.min(t + 1, 31));
    }
  }

  @Test
  void votesMatchesAndReductionsSeeTheWholeWarp() throws KernelFault {
    String body =
        """
        setp.gt.u32 %p1, %t, 4;
        vote.sync.ballot.b32 %r1, %p1, -1;
        vote.sync.any.pred %p2, !%p1, -1;
        vote.sync.all.pred %p3, %p1, -1;
        and.b32 %r2, %t, 3;
        match.any.sync.b32 %r3, %r2, -1;
        redux.sync.max.s32 %r4, %t, -1;
        popc.b32 %r5, %r1;
        popc.b32 %r6, %r3;
        selp.u32 %r7, 1, 0, %p2;
        selp.u32 %r8, 1, 0, %p3;
        mad.lo.u32 %r9, %r5, 100, %r6;
        mad.lo.u32 %r9, %r9, 100, %r4;
        mad.lo.u32 %r9, %r9, 10, %r7;
        mad.lo.u32 %r9, %r9, 10, %r8;
        """;
    int[] values = rig.run(body + STORE, 32, 32);
    assertThat(values).containsOnly(((27 * 100 + 8) * 100 + 31) * 100 + 10);
  }

  @Test
  void aBarrierInALoopKeepsTheRoundsApart() throws KernelFault {
    // Each round every thread reads its right neighbour's value of the round before.
    String body =
        """
        .shared .align 4 .b8 row[1024];
        mov.u32 %r1, row;
        mad.lo.u32 %r2, %t, 4, %r1;
        add.u32 %r3, %t, 1;
        rem.u32 %r3, %r3, %n;
        mad.lo.u32 %r3, %r3, 4, %r1;
        mov.u32 %r9, %t;
        mov.u32 %r4, 0;
        LOOP:
        st.shared.u32 [%r2], %r9;
        bar.sync 0;
        ld.shared.u32 %r9, [%r3];
        bar.sync 0;
        add.u32 %r4, %r4, 1;
        setp.lt.u32 %p1, %r4, 10;
        @%p1 bra LOOP;
        """;
    int[] values = rig.run(body + STORE, 200, 200);
    for (int t = 0; t < 200; t++) {
      assertThat(values[t]).isEqualTo((t + 10) % 200);
    }
  }

  @Test
  void barriersCountAndThreadsThatEndedAreNotAwaited() throws KernelFault {
    String body =
        """
        setp.gt.u32 %p1, %t, 99;
        @%p1 exit;
        and.b32 %r1, %t, 3;
        setp.eq.u32 %p2, %r1, 0;
        bar.red.popc.u32 %r9, 0, %p2;
        """;
    int[] values = rig.run(body + STORE, 128, 128);
    for (int t = 0; t < 128; t++) {
      assertThat(values[t]).isEqualTo(t > 99 ? 0 : 25);
    }
  }

  @Test
  void aLockTakenInsideAWarpIsGivenBack() throws KernelFault {
    // Threads of one warp spin for a lock that another thread of the warp holds.
    String body =
        """
        .shared .align 4 .b8 words[8];
        mov.u32 %r1, words;
        setp.ne.u32 %p1, %t, 0;
        @!%p1 st.shared.v2.u32 [%r1], {%t, %t};
        bar.sync 0;
        LOCK:
        atom.shared.cas.b32 %r2, [%r1], 0, 1;
        setp.ne.u32 %p2, %r2, 0;
        @%p2 bra LOCK;
        ld.volatile.shared.u32 %r3, [%r1+4];
        add.u32 %r3, %r3, 1;
        st.volatile.shared.u32 [%r1+4], %r3;
        membar.cta;
        atom.shared.exch.b32 %r4, [%r1], 0;
        bar.sync 0;
        ld.shared.u32 %r9, [%r1+4];
        """;
    assertThat(rig.run(body + STORE, 64, 64)).containsOnly(64);
  }

  @Test
  void namedBarriersLetAProducerRunAhead() throws KernelFault {
    String body =
        """
        .shared .align 4 .b8 box[4];
        mov.u32 %r1, box;
        setp.ge.u32 %p1, %t, 32;
        mov.u32 %r9, 0;
        @%p1 bra CONSUMER;
        mov.u32 %r2, 42;
        setp.eq.u32 %p2, %t, 0;
        @%p2 st.shared.u32 [%r1], %r2;
        bar.arrive 1, 64;
        bra END;
        CONSUMER:
        bar.sync 1, 64;
        ld.shared.u32 %r9, [%r1];
        END:
        """;
    int[] values = rig.run(body + STORE, 64, 64);
    for (int t = 0; t < 64; t++) {
      assertThat(values[t]).isEqualTo(t < 32 ? 0 : 42);
    }
  }

  @Test
  void aWaitThatNobodyCanEndIsReported() {
    String body = "setp.lt.u32 %p1, %t, 5; @%p1 bra A; bar.sync 1, 64; A: bar.sync 2, 64;";
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> rig.run(body, 32, 1))
        .isInstanceOfSatisfying(
            KernelFault.class,
            fault -> assertThat(fault.kind()).isEqualTo(KernelFault.Kind.DEADLOCK));
  }
}
