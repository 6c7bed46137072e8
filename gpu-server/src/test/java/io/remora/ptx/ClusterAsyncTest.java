// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Copies and writes into other blocks' shared memory that a barrier there counts. */
@Timeout(60)
final class ClusterAsyncTest {
  private static final String MEET = ClusterTest.MEET;

  /** A barrier in each block, {@code %r12}, and 64 bytes behind it {@code %r14}. */
  private static final String BARRIER =
      """
        .shared .align 16 .b8 bar[16];
        .shared .align 16 .b8 words[64];
        mov.u32 %r20, %cluster_ctarank;
        mov.u32 %r12, bar;
        mov.u32 %r14, words;
      """;

  private static final String WAIT =
      """
        WAIT:
        mbarrier.try_wait.parity.acquire.cluster.shared::cta.b64 %p5, [%r12], 0;
        @!%p5 bra WAIT;
      """;

  private final Rig rig = new Rig();

  @AfterEach
  void close() {
    rig.close();
  }

  private int[] run(String body, int cluster, int threads, int results) throws KernelFault {
    long out = rig.allocate(results * 4L);
    LaunchShape shape = ClusterTest.linear(cluster, threads, cluster);
    rig.launch(Rig.compile(Rig.kernel(body)), "test", shape, out, results);
    return rig.ints(out, results);
  }

  @Test
  void writesAreCountedByTheBarrierBesideThem() throws KernelFault {
    // Rank 0 waits; rank 1 writes 4 + 16 + 8 bytes, adds twice and arrives once by itself.
    String body =
        BARRIER
            + """
            setp.ne.u32 %p1, %r20, 0;
            @%p1 bra READY;
            st.shared.v2.u64 [%r14+32], {5, 6};
            mbarrier.init.shared::cta.b64 [%r12], 2;
            fence.mbarrier_init.release.cluster;
            mbarrier.arrive.expect_tx.release.cluster.shared::cta.b64 %d9, [%r12], 40;
            READY:
            """
            + MEET
            + """
            @!%p1 bra WAIT;
            mapa.shared::cluster.u32 %r13, %r12, 0;
            mapa.shared::cluster.u32 %r15, %r14, 0;
            mov.u32 %r1, 11;
            mov.b64 %d1, 22;
            mov.f32 %f1, 0f40000000;
            st.async.weak.shared::cluster.mbarrier::complete_tx::bytes.u32 [%r15], %r1, [%r13];
            st.async.shared::cluster.mbarrier::complete_tx::bytes.b64 [%r15+8], %d1, [%r13];
            st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.f32 [%r15+16],
              {%f1, %f1, %f1, %f1}, [%r13];
            red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.add.u64
              [%r15+32], %d1, [%r13];
            red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.max.u32
              [%r15+40], %r1, [%r13];
            mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%r13];
            bra DONE;
            """
            + WAIT
            + """
            ld.shared.u32 %r1, [%r14];
            ld.shared.u32 %r2, [%r14+8];
            ld.shared.f32 %f2, [%r14+28];
            ld.shared.u32 %r4, [%r14+32];
            ld.shared.u32 %r5, [%r14+40];
            st.global.u32 [%out], %r1;
            st.global.u32 [%out+4], %r2;
            st.global.f32 [%out+8], %f2;
            st.global.u32 [%out+12], %r4;
            st.global.u32 [%out+16], %r5;
            DONE:
            """
            + MEET;
    assertThat(run(body, 2, 1, 5)).containsExactly(11, 22, 0x40000000, 27, 11);
  }

  @Test
  void blocksArriveAtOneAnothersBarriers() throws KernelFault {
    // Every thread of all four blocks arrives at the barrier of rank 2, some of them for good.
    String body =
        BARRIER
            + """
            setp.ne.u32 %p1, %t, 0;
            @%p1 bra READY;
            mbarrier.init.shared::cta.b64 [%r12], 256;
            fence.mbarrier_init.release.cluster;
            READY:
            """
            + MEET
            + """
            mapa.shared::cluster.u32 %r13, %r12, 2;
            setp.lt.u32 %p2, %t, 10;
            @%p2 mbarrier.arrive_drop.release.cluster.shared::cluster.b64 _, [%r13];
            @!%p2 mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%r13];
            setp.ne.u32 %p3, %r20, 2;
            @%p3 bra DONE;
            """
            + WAIT
            + """
            @%p2 mbarrier.arrive.shared::cta.b64 %d9, [%r12], 21;
            setp.gt.u32 %p4, %t, 57;
            @%p4 mbarrier.arrive.shared::cta.b64 %d9, [%r12];
            bar.sync 0;
            @%p1 bra DONE;
            mbarrier.test_wait.parity.shared::cta.b64 %p6, [%r12], 1;
            selp.u32 %r9, 1, 2, %p6;
            st.global.u32 [%out], %r9;
            DONE:
            """
            + MEET;
    // The second phase expects 256 - 40; it gets 10 * 21 + 58 - 52 of those that come.
    assertThat(run(body, 4, 64, 1)).containsExactly(1);
  }

  @Test
  void bulkCopiesGoToOtherBlocks() throws KernelFault {
    // Rank 0 copies its own words to rank 1, and words of global memory to ranks 1 and 2.
    String body =
        BARRIER
            + """
            mbarrier.init.shared::cta.b64 [%r12], 1;
            fence.mbarrier_init.release.cluster;
            mul.lo.u32 %r1, %r20, 16;
            add.u32 %r1, %r1, 32;
            setp.ne.u32 %p1, %r20, 2;
            @!%p1 mov.u32 %r1, 32;
            mbarrier.arrive.expect_tx.shared::cta.b64 %d9, [%r12], %r1;
            st.shared.v4.u32 [%r14], {1, 2, 3, 4};
            """
            + MEET
            + """
            setp.ne.u32 %p2, %r20, 0;
            @%p2 bra WAIT;
            mapa.shared::cluster.u32 %r13, %r12, 1;
            mapa.shared::cluster.u32 %r15, %r14, 1;
            add.u32 %r15, %r15, 48;
            cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes
              [%r15], [%r14], 16, [%r13];
            add.s64 %d1, %out, 256;
            add.u32 %r16, %r14, 16;
            mov.b16 %h1, 6;
            cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes.multicast::cluster
              [%r16], [%d1], 32, [%r12], %h1;
            bra DONE;
            """
            + WAIT
            + """
            sub.u32 %r3, %r20, 1;
            mul.wide.u32 %d2, %r3, 64;
            add.s64 %d2, %out, %d2;
            @!%p1 st.shared.u32 [%r14+48], %r20;
            cp.async.bulk.global.shared::cta.bulk_group [%d2], [%r14], 64;
            cp.async.bulk.commit_group;
            cp.async.bulk.wait_group 0;
            DONE:
            """
            + MEET;
    long out = rig.allocate(512);
    rig.memory.fill(out + 256, 0x01010101, 4, 8);
    LaunchShape shape = ClusterTest.linear(3, 1, 3);
    rig.launch(Rig.compile(Rig.kernel(body)), "test", shape, out, 0);
    int one = 0x01010101;
    int[] told = rig.ints(out, 32);
    assertThat(Arrays.copyOf(told, 16))
        .containsExactly(1, 2, 3, 4, one, one, one, one, one, one, one, one, 1, 2, 3, 4);
    assertThat(Arrays.copyOfRange(told, 16, 29))
        .containsExactly(1, 2, 3, 4, one, one, one, one, one, one, one, one, 2);
  }

  @Test
  void additionsInOtherBlocksKeepSubnormals() throws KernelFault {
    // In global memory they would be flushed to zero.
    String body =
        BARRIER
            + """
            st.shared.u32 [%r14], 1;
            """
            + MEET
            + """
            cvt.u64.u32 %d1, %r14;
            cvta.shared.u64 %d1, %d1;
            xor.b32 %r1, %r20, 1;
            mapa.u64 %d2, %d1, %r1;
            mov.b32 %f1, 2;
            atom.add.f32 %f2, [%d2], %f1;
            """
            + MEET
            + """
            ld.shared.u32 %r2, [%r14];
            mul.wide.u32 %d3, %r20, 4;
            add.s64 %d3, %out, %d3;
            st.global.u32 [%d3], %r2;
            """;
    assertThat(run(body, 2, 1, 2)).containsExactly(3, 3);
  }
}
