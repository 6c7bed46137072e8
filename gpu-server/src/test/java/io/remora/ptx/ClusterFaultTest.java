// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What kernels in clusters must not do, and launches that are refused. */
@Timeout(60)
final class ClusterFaultTest {
  private final Rig rig = new Rig();

  @AfterEach
  void close() {
    rig.close();
  }

  private Optional<KernelFault.Kind> fault(String body, int blocks, int cluster) {
    return fault(body, ClusterTest.linear(blocks, 1, cluster));
  }

  private Optional<KernelFault.Kind> fault(String body, LaunchShape shape) {
    PtxModule module = Rig.compile(Rig.kernel(body));
    long out = rig.allocate(64);
    try {
      rig.launch(module, "test", shape, out, 0);
      return Optional.empty();
    } catch (KernelFault fault) {
      return Optional.of(fault.kind());
    }
  }

  /** An access by the block of rank 1, at an address relative to the 40 bytes of rank 2. */
  private static String access(String access) {
    return """
        .shared .align 8 .b8 words[40];
        mov.u32 %r12, words;
        mov.u32 %r20, %cluster_ctarank;
        setp.ne.u32 %p1, %r20, 1;
        @%p1 bra DONE;
        mapa.shared::cluster.u32 %r13, %r12, 2;
        cvt.u64.u32 %d13, %r13;
        """
        + access
        + "\nDONE:\n"
        + ClusterTest.MEET;
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ld.shared::cluster.u32 %r1, [%r13+36];",
        "ld.shared::cluster.u32 %r1, [%r13-65536];",
        "st.shared::cluster.v2.u64 [%r13+16], {%d1, %d2};",
        "ld.shared::cluster.u8 %h1, [%d13+39];",
        "atom.shared::cluster.add.u32 %r1, [%r13+36], 1;",
        "ld.shared::cluster.u32 %r1, [%r12+36];",
      })
  void insideIsAllowed(String access) {
    assertThat(fault(access(access), 3, 3)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        // Just behind the memory, just before it, and far beyond the last block's.
        "ld.shared::cluster.u32 %r1, [%r13+40];",
        "ld.shared::cluster.u32 %r1, [%r13-4];",
        "ld.shared::cluster.u32 %r1, [%r13+65536];",
        "st.shared::cluster.u32 [%r13+65536], %r1;",
        "ld.shared::cluster.v2.u64 {%d1, %d2}, [%r13+32];",
        "ld.shared::cluster.u8 %h1, [%d13+40];",
        "red.shared::cluster.add.u32 [%r13+40], 1;",
        "atom.shared::cluster.cas.b64 %d1, [%r13+40], 1, 2;",
        // Ranks that aren't there.
        "mapa.shared::cluster.u32 %r1, %r12, 3;\nld.shared::cluster.u32 %r2, [%r1];",
        "mapa.shared::cluster.u64 %d1, %d13, -1;\nld.shared::cluster.u32 %r2, [%d1];",
        "cvta.shared::cluster.u64 %d1, %d13;\nmapa.u64 %d2, %d1, 3;\nld.u32 %r2, [%d2];",
        // Addresses of 64 bits around the ends of numbers.
        "mov.b64 %d1, 0x8000000000000000;\nld.shared::cluster.u32 %r1, [%d1];",
        "mov.b64 %d1, 0x7ffffffffffffff8;\nld.shared::cluster.u64 %d2, [%d1];",
        "mov.b64 %d1, -8;\nst.shared::cluster.u64 [%d1], %d2;",
        "mov.b32 %r1, -4;\nst.shared::cluster.u32 [%r1], %r2;",
        // The block's own window doesn't reach the others'.
        "ld.shared.u32 %r1, [%r13];",
        "st.shared::cta.u32 [%r12+65536], %r1;",
        // Asynchronous writes and copies.
        "st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [%r13+40], %r1, [%r13];",
        "st.async.shared::cluster.mbarrier::complete_tx::bytes.u32 [%r13], %r1, [%r13+40];",
        "mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%r13+40];",
        "cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [%r13+32],"
            + " [%r12], 16, [%r13];",
        "cp.async.bulk.shared::cluster.shared::cta.mbarrier::complete_tx::bytes [%r13],"
            + " [%r12+64], 16, [%r13];",
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r13-16],"
            + " [%out], 32, [%r13];",
        "cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r13],"
            + " [%out], -16, [%r13];",
      })
  void outsideOfTheClustersMemoryFaults(String access) {
    assertThat(fault(access(access), 3, 3)).hasValue(KernelFault.Kind.ILLEGAL_ADDRESS);
  }

  @Test
  void aFaultNamesTheBlock() {
    PtxModule module = Rig.compile(Rig.kernel(access("st.shared::cluster.u32 [%r13+40], %r1;")));
    long out = rig.allocate(64);
    assertThatThrownBy(() -> rig.launch(module, "test", ClusterTest.linear(3, 5, 3), out, 0))
        .isInstanceOfSatisfying(
            KernelFault.class,
            fault -> {
              assertThat(fault.block()).isEqualTo(new KernelFault.Position(1, 0, 0));
              assertThat(fault.address()).hasValue(3 * 65536L + 40);
            });
  }

  @Test
  void addressesMustBeAligned() {
    assertThat(fault(access("ld.shared::cluster.u32 %r1, [%r13+2];"), 3, 3))
        .hasValue(KernelFault.Kind.MISALIGNED_ADDRESS);
    assertThat(fault(access("ld.shared::cluster.v4.u32 {%r1,%r2,%r3,%r4}, [%r13+8];"), 3, 3))
        .hasValue(KernelFault.Kind.MISALIGNED_ADDRESS);
  }

  @Test
  void aRowOfThreadsIsCheckedThreadByThread() {
    // Addresses that grow from thread to thread leave the memory of rank 1 for the gap behind it.
    String body =
        """
        .shared .align 4 .b8 words[128];
        mov.u32 %r12, words;
        mapa.shared::cluster.u32 %r13, %r12, 1;
        mad.lo.u32 %r13, %t, 4, %r13;
        st.shared::cluster.u32 [%r13], %t;
        """
            + ClusterTest.MEET;
    assertThat(fault(body, ClusterTest.linear(2, 32, 2))).isEmpty();
    assertThat(fault(body, ClusterTest.linear(2, 33, 2)))
        .hasValue(KernelFault.Kind.ILLEGAL_ADDRESS);
  }

  @Test
  void theStepOfConvertedAddressesChangesBetweenBlocks() {
    // From one block's memory to the next's the step between generic addresses changes.
    String body =
        """
        .shared .align 4 .b8 words[128];
        mov.u32 %r12, words;
        mul.lo.u32 %r13, %t, 32768;
        cvt.u64.u32 %d1, %r13;
        cvta.shared::cluster.u64 %d2, %d1;
        setp.ne.u32 %p1, %t, 4;
        @%p1 bra DONE;
        mapa.shared::cluster.u32 %r14, %r12, 1;
        cvt.u64.u32 %d4, %r14;
        cvta.shared::cluster.u64 %d5, %d4;
        setp.eq.u64 %p2, %d2, %d5;
        @%p2 bra DONE;
        trap;
        DONE:
        """
            + ClusterTest.MEET;
    assertThat(fault(body, ClusterTest.linear(2, 64, 2))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "barrier.cluster.arrive;barrier.cluster.arrive;,ILLEGAL_INSTRUCTION",
    "barrier.cluster.wait;,ILLEGAL_INSTRUCTION",
    "barrier.cluster.arrive;barrier.cluster.wait;barrier.cluster.wait;,ILLEGAL_INSTRUCTION",
  })
  void arrivalAndWaitGoTogether(String body, KernelFault.Kind kind) {
    assertThat(fault(body, 2, 2)).hasValue(kind);
  }

  @Test
  void blocksThatWaitForThoseThatDontComeEnd() {
    // Rank 0 waits for rank 1, whose threads wait for one another in vain.
    String body =
        """
        mov.u32 %r20, %cluster_ctarank;
        setp.ne.u32 %p1, %r20, 0;
        @!%p1 bra MEET;
        setp.ne.u32 %p2, %t, 0;
        @%p2 bra MEET;
        bar.sync 1, 64;
        MEET:
        """
            + ClusterTest.MEET;
    assertThat(fault(body, ClusterTest.linear(2, 32, 2))).hasValue(KernelFault.Kind.DEADLOCK);
  }

  private static String entry(String directives) {
    return Rig.module(".visible .entry test() " + directives + " { ret; }");
  }

  private void launch(String directives, LaunchShape shape) throws KernelFault {
    rig.launch(Rig.compile(entry(directives)), "test", shape);
  }

  private void refuses(String directives, LaunchShape shape, String why) {
    assertThatThrownBy(() -> launch(directives, shape))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(why);
  }

  @Test
  void launchesMustFitTheKernelsClusters() throws KernelFault {
    String two = ".explicitcluster .reqnctapercluster 2, 1, 1";
    launch(two, LaunchShape.linear(4, 1));
    launch(two, ClusterTest.linear(4, 1, 2));
    refuses(two, ClusterTest.linear(4, 1, 4), "compiled for clusters of [2, 1, 1]");
    refuses(two, LaunchShape.linear(3, 1), "whole clusters");
    refuses("", ClusterTest.linear(9, 1, 2), "whole clusters");
    launch(".maxclusterrank 4", ClusterTest.linear(8, 1, 4));
    refuses(".maxclusterrank 4", ClusterTest.linear(8, 1, 8), "at most 4 blocks");
    refuses(".explicitcluster", LaunchShape.linear(8, 1), "only launches with clusters");
    launch(".explicitcluster", ClusterTest.linear(8, 1, 1));
    PtxKernel kernel = requireNonNull(Rig.compile(entry(two)).kernels().get("test"));
    assertThat(kernel.clusters().required()).containsExactly(2, 1, 1);
    assertThatThrownBy(() -> new ClusterShape(17, 1, 1)).hasMessageContaining("1 to 16 blocks");
    assertThatThrownBy(() -> new ClusterShape(4, 4, 2)).hasMessageContaining("1 to 16 blocks");
    assertThatThrownBy(() -> new ClusterShape(2, 0, 1)).hasMessageContaining("1 to 16 blocks");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        ".reqnctapercluster 17, 1, 1",
        ".reqntid 32, 1, 1 .blocksareclusters .reqnctapercluster 2, 1, 1",
      })
  void whatIsNotSupportedIsRefused(String directives) {
    assertThatThrownBy(() -> PtxModule.compile(entry(directives), CompileOptions.DEFAULTS))
        .isInstanceOfSatisfying(
            PtxException.class,
            refusal -> assertThat(refusal.kind()).isEqualTo(PtxException.Kind.UNSUPPORTED));
  }

  @Test
  void aClusterThatFindsNoRoomEndsTheLaunch() {
    // 16 blocks, each with stacks for all threads, in a window that has room for one.
    String body =
        ".local .align 4 .b8 stack[60000];\nmov.u32 %r1, stack;\nst.local.u32 [%r1], 1;\n";
    LaunchShape shape = ClusterTest.linear(256, 1024, 16);
    long out = rig.allocate(64);
    PtxModule module = Rig.compile(Rig.kernel(body));
    assertThatThrownBy(() -> rig.launch(module, "test", shape, out, 0))
        .isInstanceOfSatisfying(
            KernelFault.class,
            fault -> assertThat(fault.kind()).isEqualTo(KernelFault.Kind.OUT_OF_RESOURCES));
  }
}
