// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What kernels must not do, and what is said about it. */
final class FaultTest {
  private final Rig rig = new Rig();

  @AfterEach
  void close() {
    rig.close();
  }

  private KernelFault fault(String body, int threads) {
    return catchThrowableOfType(KernelFault.class, () -> rig.run(body, threads, 64));
  }

  @Test
  void aStoreBehindTheAllocationNamesThreadAddressAndLine() {
    KernelFault fault =
        fault(
            """
            setp.ne.u32 %p1, %t, 37;
            .loc 1 123 4
            mov.u64 %d1, %out;
            @!%p1 add.s64 %d1, %out, 70000;
            .loc 1 125 7
            st.global.u32 [%d1], %t;
            """,
            64);
    assertThat(fault.kind()).isEqualTo(KernelFault.Kind.ILLEGAL_ADDRESS);
    assertThat(fault.thread()).isEqualTo(new KernelFault.Position(37, 0, 0));
    assertThat(fault.block()).isEqualTo(new KernelFault.Position(0, 0, 0));
    assertThat(fault.address()).hasValue(Rig.BASE + 70000);
    assertThat(fault.sourceLine()).hasValue(125);
    assertThat(fault).hasMessageContaining("kernel test").hasMessageContaining("source line 125");
  }

  @Test
  void noAddressLeavesTheWindow() {
    for (String address :
        new String[] {
          "0", "-8", "4096", "0x7ffffffffffffff8", "0x1000000000 - 8", "0x1040000000"
        }) {
      KernelFault fault =
          fault(
              "mov.u64 %d1, "
                  + address.replace(" - 8", "")
                  + ";"
                  + (address.contains("- 8") ? "sub.s64 %d1, %d1, 8;" : "")
                  + " ld.global.u64 %d2, [%d1]; st.global.u64 [%out], %d2;",
              1);
      assertThat(fault.kind()).as(address).isEqualTo(KernelFault.Kind.ILLEGAL_ADDRESS);
    }
  }

  @Test
  void anotherSpaceIsUntouched() throws KernelFault {
    try (AddressSpace other = new AddressSpace(Rig.BASE + (1L << 30), 1L << 30, 1 << 20)) {
      long address = Rig.BASE + (1L << 30);
      other.commit(address, 65536);
      other.fill(address, 0x5a, 1, 65536);
      KernelFault fault = fault("mov.u64 %d1, " + address + "; st.global.u32 [%d1], %t;", 32);
      assertThat(fault.kind()).isEqualTo(KernelFault.Kind.ILLEGAL_ADDRESS);
      ByteBuffer buffer = ByteBuffer.allocate(65536);
      other.read(address, buffer);
      assertThat(buffer.array()).containsOnly(0x5a);
    }
  }

  @Test
  void misalignedAccessesAreRefused() {
    KernelFault fault =
        fault("add.s64 %d1, %out, 2; ld.global.u32 %r1, [%d1]; " + "st.global.u32 [%out], %r1;", 1);
    assertThat(fault.kind()).isEqualTo(KernelFault.Kind.MISALIGNED_ADDRESS);
  }

  @Test
  void releasedMemoryIsGone() throws KernelFault {
    long address = rig.allocate(65536);
    PtxModule module = Rig.compile(Rig.kernel("st.global.u32 [%out], %t;"));
    rig.launch(module, "test", LaunchShape.linear(1, 1), address, 1);
    rig.memory.release(address, 65536);
    KernelFault fault =
        catchThrowableOfType(
            KernelFault.class,
            () -> rig.launch(module, "test", LaunchShape.linear(1, 1), address, 1));
    assertThat(fault.kind()).isEqualTo(KernelFault.Kind.ILLEGAL_ADDRESS);
  }

  @Test
  void sharedAndLocalMemoryEndWhereTheyEnd() {
    KernelFault shared =
        fault(".shared .align 4 .b8 s[256]; mov.u32 %r1, s; st.shared.u32 [%r1+4096], %t;", 1);
    assertThat(shared.kind()).isEqualTo(KernelFault.Kind.ILLEGAL_ADDRESS);
    KernelFault local =
        fault(".local .align 4 .b8 l[16]; mov.u64 %d1, l; st.local.u32 [%d1+4096], %t;", 1);
    assertThat(local.kind()).isEqualTo(KernelFault.Kind.ILLEGAL_ADDRESS);
    KernelFault negative =
        fault(".local .align 4 .b8 l[16]; mov.u64 %d1, l; st.local.u32 [%d1+-4], %t;", 2);
    assertThat(negative.kind()).isEqualTo(KernelFault.Kind.ILLEGAL_ADDRESS);
  }

  @Test
  void trapsAreReported() {
    KernelFault fault = fault("setp.eq.u32 %p1, %t, 3; @%p1 trap;", 8);
    assertThat(fault.kind()).isEqualTo(KernelFault.Kind.TRAP);
    assertThat(fault.thread().x()).isEqualTo(3);
  }

  @Test
  @Timeout(30)
  void endlessKernelsAreCancelled() throws Exception {
    assertThat(new LaunchControl().isCancelled()).isFalse();
    String[] bodies = {
      "L: add.u32 %r1, %r1, 1; bra L;",
      "L: ld.volatile.global.u32 %r1, [%out+4]; setp.eq.u32 %p1, %r1, 0; @%p1 bra L;",
      "L: bar.sync 0; bra L;",
      "L: shfl.sync.idx.b32 %r1, %r1, 0, 31, -1; bra L;",
      "L: nanosleep.u32 100; bra L;"
    };
    for (String body : bodies) {
      PtxModule module = Rig.compile(Rig.kernel("st.volatile.global.u32 [%out], %n;" + body));
      long out = rig.allocate(4);
      LaunchControl control = new LaunchControl();
      CompletableFuture<KernelFault> ended =
          CompletableFuture.supplyAsync(
              () ->
                  catchThrowableOfType(
                      KernelFault.class,
                      () ->
                          rig.launch(module, "test", LaunchShape.linear(4, 64), control, out, 1)));
      while (rig.ints(out, 1)[0] == 0) { // Bounded by the test's time limit.
        Thread.onSpinWait();
      }
      control.cancel();
      KernelFault fault = ended.get(20, TimeUnit.SECONDS);
      assertThat(fault.kind()).as(body).isEqualTo(KernelFault.Kind.CANCELLED);
    }
  }

  @Test
  void endlessRecursionOverflowsItsStack() {
    PtxModule module =
        Rig.compile(
            Rig.module(
                """
                .func (.param .b32 r) f(.param .b32 a)
                {
                  .reg .b32 %r<3>;
                  ld.param.u32 %r1, [a];
                  { .param .b32 x; .param .b32 y;
                    st.param.b32 [x], %r1;
                    call (y), f, (x);
                    ld.param.b32 %r2, [y]; }
                  st.param.b32 [r], %r2;
                  ret;
                }
                .entry test() {
                  .reg .b32 %r<3>;
                  { .param .b32 x; .param .b32 y;
                    st.param.b32 [x], 1;
                    call (y), f, (x);
                    ld.param.b32 %r2, [y]; }
                  ret;
                }
                """));
    KernelFault fault =
        catchThrowableOfType(
            KernelFault.class, () -> rig.launch(module, "test", LaunchShape.linear(1, 32)));
    assertThat(fault.kind()).isEqualTo(KernelFault.Kind.STACK_OVERFLOW);
  }
}
