// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Functions that are called by blocks of a cluster. */
@Timeout(60)
final class ClusterFunctionTest {
  private final Rig rig = new Rig();

  @AfterEach
  void close() {
    rig.close();
  }

  @Test
  void functionsReachTheOthersToo() throws KernelFault {
    // The conversions in the kernel know of the mapa in what it calls.
    String text =
        Rig.module(
            """
            .shared .align 4 .b8 word[4];
            .func (.param .b64 result) other(.param .b64 address, .param .b32 rank)
            {
              .reg .b64 %d<4>;
              .reg .b32 %r<4>;
              ld.param.u64 %d1, [address];
              ld.param.u32 %r1, [rank];
              mapa.u64 %d2, %d1, %r1;
              st.param.b64 [result], %d2;
              ret;
            }
            .visible .entry test(.param .u64 out)
            .explicitcluster
            .reqnctapercluster 2, 1, 1
            {
              .reg .b64 %d<9>;
              .reg .b32 %r<9>;
              ld.param.u64 %d1, [out];
              mov.u32 %r1, %cluster_ctarank;
              add.u32 %r2, %r1, 30;
              st.shared.u32 [word], %r2;
              barrier.cluster.arrive;
              barrier.cluster.wait;
              mov.u64 %d2, word;
              cvta.shared.u64 %d2, %d2;
              xor.b32 %r3, %r1, 1;
              {
                .param .b64 a;
                .param .b32 b;
                .param .b64 c;
                st.param.b64 [a], %d2;
                st.param.b32 [b], %r3;
                call.uni (c), other, (a, b);
                ld.param.b64 %d3, [c];
              }
              cvta.to.shared.u64 %d4, %d3;
              ld.shared::cluster.u32 %r4, [%d4];
              mul.wide.u32 %d5, %r1, 4;
              add.s64 %d5, %d1, %d5;
              st.global.u32 [%d5], %r4;
              barrier.cluster.arrive;
              barrier.cluster.wait;
              ret;
            }
            """);
    long out = rig.allocate(8);
    rig.launch(Rig.compile(text), "test", LaunchShape.linear(2, 1), out);
    assertThat(rig.ints(out, 2)).containsExactly(31, 30);
  }
}
