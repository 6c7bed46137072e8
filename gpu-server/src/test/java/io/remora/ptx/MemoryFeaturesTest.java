// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Groups of accesses to shared memory, the heap and the stack of kernels, and their faults. */
final class MemoryFeaturesTest {
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

  /** Loads and stores at constant offsets from one register, against an array of words. */
  @Test
  void accessesAtConstantOffsetsHitTheirWords() throws KernelFault {
    long seed = 20_261_125;
    var random = new SplittableRandom(seed);
    for (int round = 0; round < 20; round++) {
      int[] words = new int[256];
      var body = new StringBuilder(".shared .align 16 .b8 row[1024];\n");
      body.append("mov.u32 %r1, row;\nadd.u32 %r1, %r1, 512;\nmov.u32 %r9, 0;\n");
      int sum = 0;
      for (int i = 0; i < 40; i++) {
        int offset = random.nextInt(-128, 128);
        int at = 128 + offset;
        if (i < 12 || random.nextInt(3) == 0) {
          int value = random.nextInt();
          words[at] = value;
          body.append(String.format("st.shared.u32 [%%r1%+d], %d;%n", 4 * offset, value));
        } else {
          sum = sum * 31 + words[at];
          body.append(String.format("ld.shared.u32 %%r2, [%%r1%+d];%n", 4 * offset));
          body.append("mad.lo.u32 %r9, %r9, 31, %r2;\n");
        }
      }
      String clear =
          "mov.u32 %r5, 0;\nCLEAR: mov.u32 %r6, row;\nadd.u32 %r6, %r6, %r5;\n"
              + "st.shared.u32 [%r6], 0;\nadd.u32 %r5, %r5, 4;\nsetp.lt.u32 %p1, %r5, 1024;\n"
              + "@%p1 bra CLEAR;\n";
      String text = body.toString();
      int end = text.indexOf('\n') + 1;
      assertThat(rig.run(text.substring(0, end) + clear + text.substring(end) + STORE, 1, 1))
          .as("seed %d, round %d", seed, round)
          .containsExactly(sum);
    }
  }

  @Test
  void registersOfSeveralComponentsAreGroupsAndSingleRegisters() throws KernelFault {
    String body =
        """
        .shared .align 16 .b8 row[32];
        .reg .v2 .b32 %pair, %other;
        .reg .v4 .u32 %four;
        mov.u32 %r1, row;
        mov.u32 %pair.x, 3;
        mov.b32 %pair.y, 4;
        st.shared.v2.u32 [%r1], %pair;
        st.shared.v2.u32 [%r1+8], {%pair.y, %pair.x};
        ld.shared.v4.u32 %four, [%r1];
        ld.shared.v2.b32 %other, [%r1+8];
        mad.lo.u32 %r9, %four.x, 10, %four.g;
        mad.lo.u32 %r9, %r9, 10, %four.z;
        mad.lo.u32 %r9, %r9, 10, %four.w;
        mad.lo.u32 %r9, %r9, 10, %other.x;
        mad.lo.u32 %r9, %r9, 10, %other.y;
        """;
    assertThat(rig.run(body + STORE, 1, 1)).containsExactly(344343);
    assertThatThrownBy(() -> rig.run(body + "mov.u32 %r2, %pair.z;\n" + STORE, 1, 1))
        .hasMessageContaining("has no component");
  }

  @Test
  void aGroupThatLeavesTheWindowIsAFault() {
    String body =
        """
        .shared .align 16 .b8 row[64];
        mov.u32 %r1, row;
        ld.shared.u32 %r2, [%r1+32];
        ld.shared.u32 %r3, [%r1+256];
        add.u32 %r9, %r2, %r3;
        """;
    assertThatThrownBy(() -> rig.run(body + STORE, 1, 1))
        .isInstanceOfSatisfying(
            KernelFault.class,
            fault -> assertThat(fault.kind()).isEqualTo(KernelFault.Kind.ILLEGAL_ADDRESS));
  }

  @Test
  void blocksOfTheHeapNeverOverlapWhileTheyLive() throws KernelFault {
    PtxModule module =
        Rig.compile(
            Rig.module(
                """
                .extern .func (.param .b64 result) malloc (.param .b64 bytes);
                .visible .entry take(.param .u64 out, .param .u32 bytes)
                {
                  .reg .b64 %d<6>; .reg .b32 %r<3>;
                  ld.param.u64 %d1, [out];
                  ld.param.u32 %r1, [bytes];
                  cvt.u64.u32 %d2, %r1;
                  { .param .b64 n; .param .b64 p;
                    st.param.b64 [n], %d2;
                    call.uni (p), malloc, (n);
                    ld.param.b64 %d3, [p]; }
                  mov.u32 %r2, %tid.x;
                  mul.wide.u32 %d4, %r2, 8;
                  add.s64 %d5, %d1, %d4;
                  st.global.u64 [%d5], %d3;
                  ret;
                }
                """));
    long out = rig.allocate(8 * 200);
    List<long[]> taken = new ArrayList<>();
    for (int bytes : new int[] {1, 16, 100, 4000}) {
      rig.launch(module, "take", LaunchShape.linear(1, 100), out, bytes);
      for (long address : rig.longs(out, 100)) {
        assertThat(address).isNotZero();
        assertThat(address % 16).isZero();
        for (long[] other : taken) {
          assertThat(address >= other[1] || address + bytes <= other[0]).isTrue();
        }
        taken.add(new long[] {address, address + bytes});
      }
    }
    rig.launch(module, "take", LaunchShape.linear(1, 1), out, 1 << 30);
    assertThat(rig.longs(out, 1)).containsExactly(0);
  }

  @Test
  void freeingWhatIsNoBlockIsAFault() {
    String text =
        Rig.module(
            """
            .extern .func free (.param .b64 address);
            .visible .entry k()
            { .param .b64 a; st.param.b64 [a], 4096; call.uni free, (a); ret; }
            """);
    assertThatThrownBy(() -> rig.launch(Rig.compile(text), "k", LaunchShape.linear(1, 1)))
        .isInstanceOfSatisfying(
            KernelFault.class, fault -> assertThat(fault.detail()).contains("free of 0x1000"));
  }

  @Test
  void takingMoreThanTheStackIsAFault() {
    String body = "mov.u64 %d1, 1000000; alloca.u64 %d2, %d1, 16;";
    assertThatThrownBy(() -> rig.run(body, 1, 1))
        .isInstanceOfSatisfying(
            KernelFault.class,
            fault -> assertThat(fault.kind()).isEqualTo(KernelFault.Kind.STACK_OVERFLOW));
  }

  @Test
  void theFlagOfASubtractionTellsThatNothingWasBorrowed() throws KernelFault {
    String body = "sub.cc.u32 %r1, 10, %t; addc.u32 %r9, 0, 0;";
    int[] flags = rig.run(body + STORE, 32, 32);
    for (int t = 0; t < 32; t++) {
      assertThat(flags[t]).isEqualTo(t > 10 ? 0 : 1);
    }
  }

  @Test
  void aTransactionBarrierWaitsForArrivalsAndBytes() throws KernelFault {
    String body =
        """
        .shared .align 8 .b8 barrier[8];
        .shared .align 16 .b8 box[128];
        mov.u32 %r1, barrier;
        mov.u32 %r2, box;
        setp.ne.u32 %p1, %t, 0;
        @!%p1 mbarrier.init.shared::cta.b64 [%r1], 1;
        bar.sync 0;
        @%p1 bra WAIT;
        mbarrier.arrive.expect_tx.shared::cta.b64 %d1, [%r1], 128;
        cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r2], [%out], 128, [%r1];
        WAIT:
        mbarrier.try_wait.parity.shared::cta.b64 %p2, [%r1], 0;
        @!%p2 bra WAIT;
        mad.lo.u32 %r3, %t, 4, %r2;
        ld.shared.u32 %r9, [%r3];
        add.u32 %r9, %r9, 7;
        bar.sync 0;
        """;
    assertThat(rig.run(body + STORE, 32, 32)).containsOnly(7);
  }
}
