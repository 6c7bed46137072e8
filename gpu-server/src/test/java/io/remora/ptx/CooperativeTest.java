// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Launches whose blocks wait for one another, over several workers. */
final class CooperativeTest {
  private static final int BLOCKS = 90;
  private static final int THREADS = 64;
  private static final int ROUNDS = 12;

  /** All blocks of the grid wait for one another: the word at {@code %out} counts arrivals. */
  private static final String GRID_BARRIER =
      """
        bar.sync 0;
        setp.ne.u32 %p1, %t, 0;
        @%p1 bra MET;
        fence.acq_rel.gpu;
        add.u32 %r20, %r20, %r21;
        red.release.gpu.global.add.u32 [%out], 1;
        WAIT:
        ld.acquire.gpu.global.u32 %r22, [%out];
        setp.lt.u32 %p2, %r22, %r20;
        @%p2 bra WAIT;
        MET:
        bar.sync 0;
      """;

  private final Rig rig = new Rig();

  @AfterEach
  void close() {
    rig.close();
  }

  private void launch(String body, int blocks, long out) throws KernelFault {
    var shape = new LaunchShape(blocks, 1, 1, THREADS, 1, 1, 0, true);
    rig.launch(Rig.compile(Rig.kernel(body)), "test", shape, out, blocks * THREADS);
  }

  @Test
  @Timeout(60)
  void eachRoundSeesAllOfTheRoundBefore() throws KernelFault {
    // Every thread adds its own value and that of a thread of another block; two rows by turns.
    String body =
        """
        mov.u32 %r1, %ctaid.x;
        mov.u32 %r2, %ntid.x;
        mov.u32 %r21, %nctaid.x;
        mov.u32 %r20, 0;
        mov.u32 %r10, 0;
        mad.lo.u32 %r3, %r1, %r2, %t;
        add.u32 %r4, %r3, 1000;
        rem.u32 %r4, %r4, %n;
        add.s64 %d1, %out, 64;
        mul.wide.u32 %d2, %n, 4;
        add.s64 %d2, %d1, %d2;
        mul.wide.u32 %d3, %r3, 4;
        mul.wide.u32 %d4, %r4, 4;
        ROUND:
        add.s64 %d5, %d1, %d3;
        add.s64 %d6, %d1, %d4;
        add.s64 %d7, %d2, %d3;
        ld.global.u32 %r5, [%d5];
        ld.global.u32 %r6, [%d6];
        mad.lo.u32 %r5, %r5, 3, %r6;
        st.global.u32 [%d7], %r5;
        mov.b64 %d8, %d1;
        mov.b64 %d1, %d2;
        mov.b64 %d2, %d8;
        """
            + GRID_BARRIER
            + """
            add.u32 %r10, %r10, 1;
            setp.lt.u32 %p3, %r10, 12;
            @%p3 bra ROUND;
            """;
    int count = BLOCKS * THREADS;
    int[] memory = new int[16 + 2 * count];
    int[] values = new int[count];
    for (int i = 0; i < count; i++) {
      values[i] = i * 7 + 1;
      memory[16 + i] = values[i];
    }
    for (int round = 0; round < ROUNDS; round++) {
      int[] next = new int[count];
      for (int i = 0; i < count; i++) {
        next[i] = 3 * values[i] + values[(i + 1000) % count];
      }
      values = next;
    }
    long out = rig.upload(memory);
    launch(body, BLOCKS, out);
    assertThat(rig.ints(out + 64, count)).isEqualTo(values);
  }

  @Test
  @Timeout(60)
  void severalWorkersTakePart() throws KernelFault {
    // The blocks go on only once two workers have been seen: with one they would wait for ever.
    String body =
        """
        setp.ne.u32 %p1, %t, 0;
        @%p1 bra JOIN;
        LOOK:
        mov.u32 %r1, %smid;
        mov.u32 %r2, 1;
        shl.b32 %r2, %r2, %r1;
        red.global.or.b32 [%out+4], %r2;
        ld.acquire.gpu.global.u32 %r3, [%out+4];
        popc.b32 %r3, %r3;
        setp.lt.u32 %p2, %r3, 2;
        @%p2 bra LOOK;
        red.global.add.u32 [%out], 1;
        JOIN:
        bar.sync 0;
        """;
    long out = rig.allocate(64);
    launch(body, 5, out);
    assertThat(rig.ints(out, 2)).containsExactly(5, 3);
  }

  @Test
  @Timeout(60)
  void aFaultOfOneBlockEndsThoseThatWaitForIt() {
    String body =
        """
        mov.u32 %r1, %ctaid.x;
        mov.u32 %r21, %nctaid.x;
        mov.u32 %r20, 0;
        setp.ne.u32 %p3, %r1, 40;
        @%p3 bra FINE;
        trap;
        FINE:
        """
            + GRID_BARRIER;
    long out = rig.allocate(64);
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> launch(body, BLOCKS, out))
          .isInstanceOfSatisfying(
              KernelFault.class,
              fault -> {
                assertThat(fault.kind()).isEqualTo(KernelFault.Kind.TRAP);
                assertThat(fault.block().x()).isEqualTo(40);
              });
    }
  }

  @Test
  @Timeout(60)
  void itsMemoryIsThereAgainAfterwards() throws KernelFault {
    String body = ".shared .align 4 .b8 pad[40000];\nmov.u32 %r1, pad;\nst.shared.u32 [%r1], %t;\n";
    long out = rig.allocate(64);
    for (int i = 0; i < 40; i++) {
      launch(body, BLOCKS, out);
    }
    assertThatThrownBy(() -> launch(body, 1 << 16, out))
        .isInstanceOfSatisfying(
            KernelFault.class,
            fault -> assertThat(fault.kind()).isEqualTo(KernelFault.Kind.OUT_OF_RESOURCES));
    launch(body, BLOCKS, out);
  }
}
