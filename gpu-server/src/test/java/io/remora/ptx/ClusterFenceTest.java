// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Fenced kernels reach the shared memory of their cluster as before, and no foreign memory. */
final class ClusterFenceTest {
  private static final long WINDOW_BYTES = 1L << 20;

  private final Rig rig = new Rig();

  @AfterEach
  void close() {
    rig.close();
  }

  @Test
  void theClustersMemoryIsNotGlobalMemory() throws KernelFault, PtxException {
    // Each block gets a word by a generic address, one by a counted write, and one by an addition;
    // the sum goes to an address behind the window, by a generic address, too.
    String text =
        Rig.kernel(
            """
            .shared .align 8 .b8 bar[8];
            .shared .align 4 .b8 words[12];
            mov.u32 %r12, bar;
            mov.u32 %r14, words;
            mov.u32 %r20, %cluster_ctarank;
            xor.b32 %r21, %r20, 1;
            add.u32 %r22, %r20, 1;
            st.shared.u32 [words+8], 500;
            mbarrier.init.shared::cta.b64 [%r12], 1;
            mbarrier.arrive.expect_tx.shared::cta.b64 %d9, [%r12], 8;
            """
                + ClusterTest.MEET
                + """
                mapa.shared::cluster.u32 %r13, %r12, %r21;
                mapa.shared::cluster.u32 %r15, %r14, %r21;
                cvt.u64.u32 %d1, %r14;
                cvta.shared.u64 %d1, %d1;
                mapa.u64 %d2, %d1, %r21;
                st.u32 [%d2], %r22;
                st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [%r15+4], 30, [%r13];
                red.async.relaxed.cluster.shared::cluster.mbarrier::complete_tx::bytes.add.u32
                  [%r15+8], %r22, [%r13];
                WAIT:
                mbarrier.try_wait.parity.shared::cta.b64 %p5, [%r12], 0;
                @!%p5 bra WAIT;
                """
                + ClusterTest.MEET
                + """
                ld.u32 %r1, [%d1];
                ld.shared.u32 %r2, [words+4];
                ld.shared::cluster.u32 %r3, [words+8];
                add.u32 %r1, %r1, %r2;
                add.u32 %r1, %r1, %r3;
                mul.wide.u32 %d3, %r20, 4;
                add.s64 %d3, %out, %d3;
                st.u32 [%d3], %r1;
                """);
    assertThat(rig.allocate(2 * WINDOW_BYTES)).isEqualTo(Rig.BASE);
    String fenced =
        PtxFence.of(text, CompileOptions.DEFAULTS).fenced(Rig.BASE, WINDOW_BYTES, Map.of());
    long foreign = Rig.BASE + WINDOW_BYTES;
    rig.launch(Rig.compile(fenced), "test", ClusterTest.linear(2, 1, 2), foreign, 0);
    assertThat(rig.ints(foreign, 2)).containsExactly(0, 0);
    assertThat(rig.ints(Rig.BASE, 2)).containsExactly(2 + 30 + 502, 1 + 30 + 501);
  }
}
