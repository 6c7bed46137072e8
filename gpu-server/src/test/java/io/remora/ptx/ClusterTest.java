// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clusters of several blocks: registers, barriers and one another's shared memory. */
@Timeout(60)
final class ClusterTest {
  /** All blocks of the cluster meet. */
  static final String MEET =
      """
        barrier.cluster.arrive.release.aligned;
        barrier.cluster.wait.acquire.aligned;
      """;

  /** Where a block's own results go: {@code %d1}, from its number in a grid of one dimension. */
  private static final String OWN_PLACE =
      """
        mov.u32 %r1, %ctaid.x;
        mov.u32 %r2, %ntid.x;
        mad.lo.u32 %r3, %r1, %r2, %t;
        mul.wide.u32 %d1, %r3, 4;
        add.s64 %d1, %out, %d1;
      """;

  private final Rig rig = new Rig();

  @AfterEach
  void close() {
    rig.close();
  }

  static LaunchShape linear(int blocks, int threads, int cluster) {
    return LaunchShape.linear(blocks, threads).withCluster(new ClusterShape(cluster, 1, 1));
  }

  private int[] run(String body, LaunchShape shape, int results) throws KernelFault {
    long out = rig.allocate(results * 4L);
    rig.launch(Rig.compile(Rig.kernel(body)), "test", shape, out, results);
    return rig.ints(out, results);
  }

  /** Stores {@code %r9} of each thread. */
  private int[] results(String body, int blocks, int threads, int cluster) throws KernelFault {
    String store = OWN_PLACE + "st.global.u32 [%d1], %r9;\n";
    return run(body + store, linear(blocks, threads, cluster), blocks * threads);
  }

  private static String registers() {
    String[] names = {
      "%clusterid.x", "%clusterid.y", "%clusterid.z",
      "%nclusterid.x", "%nclusterid.y", "%nclusterid.z",
      "%cluster_ctaid.x", "%cluster_ctaid.y", "%cluster_ctaid.z",
      "%cluster_nctaid.x", "%cluster_nctaid.y", "%cluster_nctaid.z",
      "%cluster_ctarank", "%cluster_nctarank"
    };
    var body =
        new StringBuilder(
            """
            mov.u32 %r1, %ctaid.z;
            mov.u32 %r2, %nctaid.y;
            mov.u32 %r3, %ctaid.y;
            mad.lo.u32 %r1, %r1, %r2, %r3;
            mov.u32 %r2, %nctaid.x;
            mov.u32 %r3, %ctaid.x;
            mad.lo.u32 %r1, %r1, %r2, %r3;
            mul.wide.u32 %d1, %r1, 60;
            add.s64 %d1, %out, %d1;
            """);
    for (int i = 0; i < names.length; i++) {
      body.append("mov.u32 %r4, ").append(names[i]).append(";\n");
      body.append("st.global.u32 [%d1+").append(4 * i).append("], %r4;\n");
    }
    body.append("mov.pred %p1, %is_explicit_cluster;\nselp.u32 %r4, 1, 0, %p1;\n");
    return body + "st.global.u32 [%d1+56], %r4;\n";
  }

  private void checkRegisters(ClusterShape cluster, int gx, int gy, int gz) throws KernelFault {
    boolean none = cluster.isNone();
    int cx = none ? 1 : cluster.x();
    int cy = none ? 1 : cluster.y();
    int cz = none ? 1 : cluster.z();
    LaunchShape shape = new LaunchShape(gx, gy, gz, 1, 1, 1, 0).withCluster(cluster);
    int[] told = run(registers(), shape, 15 * gx * gy * gz);
    for (int block = 0; block < gx * gy * gz; block++) {
      int x = block % gx;
      int y = block / gx % gy;
      int z = block / gx / gy;
      int rank = x % cx + cx * (y % cy + cy * (z % cz));
      assertThat(Arrays.copyOfRange(told, 15 * block, 15 * block + 15))
          .containsExactly(
              x / cx,
              y / cy,
              z / cz,
              gx / cx,
              gy / cy,
              gz / cz,
              x % cx,
              y % cy,
              z % cz,
              cx,
              cy,
              cz,
              rank,
              cx * cy * cz,
              none ? 0 : 1);
    }
  }

  @Test
  void registersTellTheBlocksPlace() throws KernelFault {
    checkRegisters(new ClusterShape(2, 3, 1), 4, 3, 2);
    checkRegisters(new ClusterShape(1, 2, 4), 3, 2, 8);
    checkRegisters(new ClusterShape(1, 1, 1), 3, 2, 1);
    checkRegisters(ClusterShape.NONE, 3, 2, 2);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8, 16})
  void genericAddressesReachTheOthers(int cluster) throws KernelFault {
    // Each block reads its neighbour's words backwards, and adds to the neighbour's first word.
    String body =
        """
        .shared .align 4 .b8 words[260];
        st.shared.u32 [words+256], 0;
        mov.u32 %r20, %cluster_ctarank;
        mov.u32 %r21, %cluster_nctarank;
        mad.lo.u32 %r10, %r20, 1000, %t;
        shl.b32 %r11, %t, 2;
        mov.u32 %r12, words;
        add.u32 %r13, %r12, %r11;
        st.shared.u32 [%r13], %r10;
        """
            + MEET
            + """
            add.u32 %r22, %r20, 1;
            rem.u32 %r22, %r22, %r21;
            cvt.u64.u32 %d10, %r12;
            cvta.shared.u64 %d10, %d10;
            mapa.u64 %d11, %d10, %r22;
            getctarank.u64 %r23, %d11;
            sub.u32 %r24, 63, %t;
            mul.wide.u32 %d12, %r24, 4;
            add.s64 %d12, %d11, %d12;
            ld.u32 %r9, [%d12];
            mad.lo.u32 %r9, %r23, 1000000, %r9;
            add.s64 %d13, %d11, 256;
            atom.add.u32 %r25, [%d13], 1;
            """
            + MEET
            + """
            ld.shared.u32 %r26, [words+256];
            mad.lo.u32 %r9, %r26, 100, %r9;
            """;
    int blocks = cluster * 5;
    int[] expected =
        IntStream.range(0, blocks * 64)
            .map(
                i -> {
                  int next = (i / 64 % cluster + 1) % cluster;
                  return next * 1_000_000 + next * 1000 + 63 - i % 64 + 6400;
                })
            .toArray();
    assertThat(results(body, blocks, 64, cluster)).isEqualTo(expected);
  }

  @Test
  void addressesOfTheClustersSharedMemoryReachTheOthers() throws KernelFault {
    // Vectors, atomics and reductions at 32-bit addresses of the block of the other rank.
    String body =
        """
        .shared .align 16 .b8 words[128];
        mov.u32 %r20, %cluster_ctarank;
        xor.b32 %r21, %r20, 1;
        mov.u32 %r12, words;
        mapa.shared::cluster.u32 %r13, %r12, %r21;
        getctarank.shared::cluster.u32 %r14, %r13;
        getctarank.shared::cluster.u32 %r15, %r12;
        mad.lo.u32 %r15, %r15, 10, %r14;
        add.u32 %r16, %r20, 5;
        st.shared::cluster.v4.u32 [%r13+16], {%r16, %r15, 7, 8};
        st.shared.u32 [words], 40;
        st.shared.u64 [words+8], 50;
        """
            + MEET
            + """
            red.shared::cluster.add.u32 [%r13], %r16;
            atom.shared::cluster.exch.b64 %d9, [%r13+8], 77;
            cvt.u32.u64 %r17, %d9;
            """
            + MEET
            + """
            ld.shared::cluster.v2.u32 {%r22, %r23}, [%r12+16];
            ld.shared.u32 %r24, [words];
            ld.shared::cluster.u64 %d8, [words+8];
            cvt.u32.u64 %r25, %d8;
            mul.lo.u32 %r9, %r22, 1000;
            add.u32 %r9, %r9, %r23;
            mad.lo.u32 %r9, %r24, 10000, %r9;
            mad.lo.u32 %r9, %r25, 1000000, %r9;
            mad.lo.u32 %r9, %r17, 10000000, %r9;
            """;
    // Rank 0: %r22 = 6, %r23 = 10 + 0 of rank 1, 40 + 6, 77, 50.
    assertThat(results(body, 4, 1, 2)).containsExactly(577466010, 577455001, 577466010, 577455001);
  }

  @Test
  void conversionsKnowTheOthersAddresses() throws KernelFault {
    // There and back by every way, as the library of CUDA converts what mapa has made.
    String body =
        """
        .shared .align 4 .b8 word[4];
        mov.u32 %r20, %cluster_ctarank;
        mov.u32 %r12, word;
        add.u32 %r10, %r20, 70;
        st.shared.u32 [%r12], %r10;
        """
            + MEET
            + """
            cvt.u64.u32 %d10, %r12;
            cvta.shared.u64 %d10, %d10;
            mapa.u64 %d11, %d10, 2;
            cvta.to.shared.u64 %d12, %d11;
            cvt.u32.u64 %r13, %d12;
            ld.shared::cluster.u32 %r9, [%r13];
            mapa.shared::cluster.u32 %r14, %r12, 2;
            setp.ne.u32 %p3, %r20, 2;
            setp.ne.and.u32 %p1, %r13, %r14, %p3;
            @%p1 add.u32 %r9, %r9, 1000;
            cvt.u64.u32 %d13, %r14;
            cvta.shared::cluster.u64 %d13, %d13;
            setp.ne.u64 %p1, %d13, %d11;
            @%p1 add.u32 %r9, %r9, 2000;
            cvta.to.shared.u64 %d14, %d10;
            cvt.u32.u64 %r15, %d14;
            setp.eq.u32 %p2, %r15, %r12;
            isspacep.shared::cluster %p4, %d11;
            isspacep.shared::cta %p5, %d11;
            selp.u32 %r16, 1, 0, %p4;
            @%p5 add.u32 %r16, %r16, 10;
            isspacep.shared::cluster %p4, %out;
            @%p4 add.u32 %r16, %r16, 4000;
            add.s64 %d15, %d11, 4;
            isspacep.shared::cluster %p4, %d15;
            @%p4 add.u32 %r16, %r16, 8000;
            mad.lo.u32 %r9, %r16, 100, %r9;
            // The place behind the end and that before the beginning count as near.
            add.s64 %d16, %d10, 4;
            cvta.to.shared.u64 %d16, %d16;
            add.s64 %d17, %d10, -4;
            cvta.to.shared.u64 %d17, %d17;
            sub.s64 %d18, %d16, %d17;
            cvt.u32.u64 %r17, %d18;
            mad.lo.u32 %r9, %r17, 100000, %r9;
            @!%p2 add.u32 %r9, %r9, 5000000;
            """
            + MEET;
    // 72 is read; inside the cluster: 1, inside the own block: 11.
    assertThat(results(body, 3, 1, 3)).containsExactly(800172, 800172, 801172);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 4, 8})
  void eachPhaseSeesAllOfThePhaseBefore(int cluster) throws KernelFault {
    // Values go round the cluster; arrival and wait are apart, and warps go different ways.
    String body =
        """
        .shared .align 4 .b8 rows[768];
        mov.u32 %r20, %cluster_ctarank;
        mov.u32 %r21, %cluster_nctarank;
        add.u32 %r22, %r20, 1;
        rem.u32 %r22, %r22, %r21;
        mov.u32 %r12, rows;
        mapa.shared::cluster.u32 %r13, %r12, %r22;
        shl.b32 %r14, %t, 2;
        mad.lo.u32 %r9, %r20, 1000, %t;
        mov.u32 %r15, 0;
        ROUND:
        and.b32 %r16, %r15, 1;
        mad.lo.u32 %r17, %r16, 384, %r14;
        add.u32 %r18, %r13, %r17;
        st.shared::cluster.u32 [%r18], %r9;
        barrier.cluster.arrive.release;
        setp.lt.u32 %p1, %t, 40;
        @%p1 bra LEFT;
        add.u32 %r30, %r30, 1;
        LEFT:
        barrier.cluster.wait.acquire;
        add.u32 %r18, %r12, %r17;
        ld.shared.u32 %r9, [%r18];
        add.u32 %r9, %r9, 1000000;
        add.u32 %r15, %r15, 1;
        setp.lt.u32 %p2, %r15, 9;
        @%p2 bra ROUND;
        """;
    int blocks = 3 * cluster;
    int[] expected =
        IntStream.range(0, blocks * 96)
            .map(i -> 9_000_000 + Math.floorMod(i / 96 % cluster - 9, cluster) * 1000 + i % 96)
            .toArray();
    assertThat(results(body, blocks, 96, cluster)).isEqualTo(expected);
  }

  @Test
  void threadsThatEndCountAsArrived() throws KernelFault {
    // Some threads end at once, others after they have arrived, one whole block at the beginning.
    String body =
        """
        .shared .align 4 .b8 word[4];
        mov.u32 %r20, %cluster_ctarank;
        setp.eq.u32 %p1, %r20, 1;
        @%p1 exit;
        st.shared.u32 [word], 0;
        setp.gt.u32 %p2, %t, 50;
        @%p2 exit;
        """
            + MEET
            + """
            mov.u32 %r12, word;
            xor.b32 %r21, %r20, 2;
            mapa.shared::cluster.u32 %r13, %r12, %r21;
            red.shared::cluster.add.u32 [%r13], 1;
            barrier.cluster.arrive;
            setp.gt.u32 %p3, %t, 40;
            @%p3 exit;
            barrier.cluster.wait;
            ld.shared.u32 %r9, [word];
            """;
    int[] told = results(body, 3, 64, 3);
    assertThat(Arrays.copyOf(told, 41)).containsOnly(51);
    assertThat(Arrays.copyOfRange(told, 41, 128)).containsOnly(0);
    assertThat(Arrays.copyOfRange(told, 128, 169)).containsOnly(51);
  }

  @Test
  void blocksOfAClusterRunAtTheSameTime() throws KernelFault {
    // Each waits for a word that the next one writes, the last for nobody; no barrier helps.
    String body =
        """
        .shared .align 4 .b8 word[4];
        mov.u32 %r9, 0;
        mov.u32 %r20, %cluster_ctarank;
        mov.u32 %r12, word;
        st.shared.u32 [word], 0;
        """
            + MEET
            + """
            setp.eq.u32 %p1, %r20, 7;
            @%p1 bra GO;
            WAIT:
            ld.volatile.shared.u32 %r9, [word];
            setp.eq.u32 %p2, %r9, 0;
            @%p2 bra WAIT;
            GO:
            setp.eq.u32 %p3, %r20, 0;
            @%p3 bra DONE;
            sub.u32 %r21, %r20, 1;
            mapa.shared::cluster.u32 %r13, %r12, %r21;
            st.volatile.shared::cluster.u32 [%r13], %r20;
            DONE:
            """
            + MEET;
    assertThat(results(body, 16, 1, 8))
        .containsExactly(1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7, 0);
  }

  @Test
  void clustersOfACooperativeLaunchWaitForOneAnother() throws KernelFault {
    String body =
        """
        .shared .align 4 .b8 word[4];
        mov.u32 %r20, %cluster_ctarank;
        mov.u32 %r21, %nctaid.x;
        st.shared.u32 [word], 11;
        setp.ne.u32 %p1, %t, 0;
        @%p1 bra MET;
        red.release.gpu.global.add.u32 [%out], 1;
        WAIT:
        ld.acquire.gpu.global.u32 %r22, [%out];
        setp.lt.u32 %p2, %r22, %r21;
        @%p2 bra WAIT;
        MET:
        bar.sync 0;
        mov.u32 %r12, word;
        xor.b32 %r23, %r20, 1;
        mapa.shared::cluster.u32 %r13, %r12, %r23;
        ld.shared::cluster.u32 %r24, [%r13];
        """
            + MEET
            + "red.global.add.u32 [%out+4], %r24;\n";
    LaunchShape shape =
        new LaunchShape(40, 1, 1, 32, 1, 1, 0, true).withCluster(new ClusterShape(4, 1, 1));
    assertThat(run(body, shape, 2)).containsExactly(40, 40 * 32 * 11);
  }

  @Test
  void manyClustersGoOverTheWorkers() throws KernelFault {
    // A histogram over the bins of all blocks of a cluster, as CUDA's guide has it.
    String body =
        """
        .shared .align 4 .b8 bins[64];
        mov.u32 %r12, bins;
        setp.gt.u32 %p1, %t, 15;
        shl.b32 %r10, %t, 2;
        add.u32 %r10, %r12, %r10;
        @!%p1 st.shared.u32 [%r10], 0;
        """
            + MEET
            + OWN_PLACE
            + """
            mul.lo.u32 %r4, %r3, 7;
            rem.u32 %r4, %r4, 61;
            shr.u32 %r5, %r4, 4;
            and.b32 %r6, %r4, 15;
            mapa.shared::cluster.u32 %r7, %r12, %r5;
            mad.lo.u32 %r7, %r6, 4, %r7;
            atom.shared::cluster.add.u32 %r8, [%r7], 1;
            """
            + MEET
            + """
            @%p1 exit;
            mov.u32 %r20, %cluster_ctarank;
            mad.lo.u32 %r21, %r20, 16, %t;
            mul.wide.u32 %d2, %r21, 4;
            add.s64 %d2, %out, %d2;
            ld.shared.u32 %r22, [%r10];
            red.global.add.u32 [%d2], %r22;
            """;
    int[] expected = new int[64];
    for (int i = 0; i < 400 * 64; i++) {
      expected[i * 7 % 61]++;
    }
    long out = rig.allocate(256);
    var control = new LaunchControl();
    PtxModule module = Rig.compile(Rig.kernel(body));
    rig.launch(module, "test", linear(400, 64, 4), control, out, 0);
    assertThat(rig.ints(out, 64)).isEqualTo(expected);
    assertThat(control.finishedBlocks()).isEqualTo(400);
  }
}
