// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench.sharing;

import io.remora.client.RemoteCuda;
import io.remora.it.programs.Gpu;
import io.remora.it.remote.RemoteGpu;
import java.util.concurrent.atomic.AtomicBoolean;

/** A client that launches one kernel as fast as the server takes it; its thread is its own. */
final class SpinningClient implements AutoCloseable {
  /** Computes something that no compiler can leave out. */
  private static final String PTX =
      """
      .version 7.0
      .target sm_70
      .address_size 64
      .visible .entry spin(.param .u64 out, .param .u32 rounds)
      {
        .reg .u64 %rd<4>;
        .reg .u32 %r<6>;
        .reg .pred %p;
        ld.param.u64 %rd1, [out];
        ld.param.u32 %r1, [rounds];
        mov.u32 %r2, %tid.x;
        mov.u32 %r3, 0;
      LOOP:
        mad.lo.u32 %r2, %r2, 1664525, 1013904223;
        shr.u32 %r4, %r2, 7;
        xor.b32 %r2, %r2, %r4;
        add.u32 %r3, %r3, 1;
        setp.lt.u32 %p, %r3, %r1;
        @%p bra LOOP;
        mov.u32 %r5, %tid.x;
        mul.wide.u32 %rd2, %r5, 4;
        add.u64 %rd3, %rd1, %rd2;
        st.global.u32 [%rd3], %r2;
        ret;
      }
      """;

  private static final int BLOCKS = 8;
  private static final int THREADS = 4;

  private final RemoteCuda cuda;
  private final int rounds;
  private final AtomicBoolean stopped = new AtomicBoolean();
  private final Thread thread;

  SpinningClient(RemoteCuda cuda, int rounds) {
    this.cuda = cuda;
    this.rounds = rounds;
    this.thread = new Thread(this::spin, "spinning-client");
    this.thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  private void spin() {
    try {
      Gpu gpu = new RemoteGpu(cuda, 0);
      long out = gpu.allocate(4 * THREADS);
      Gpu.Function spin = gpu.loadModule(PTX).function("spin");
      while (!stopped.get()) {
        // The server's back-pressure stops the loop when enough is on its way.
        gpu.launch(spin, Gpu.Extent.of(BLOCKS), Gpu.Extent.of(THREADS), 0, out, rounds);
      }
    } catch (RuntimeException e) {
      if (!stopped.get()) {
        throw e;
      }
    }
  }

  @Override
  public void close() {
    stopped.set(true);
    cuda.close();
  }
}
