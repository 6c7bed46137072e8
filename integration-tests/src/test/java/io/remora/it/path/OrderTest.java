// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static io.remora.it.path.TestSession.parameter;
import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.process.ServerProcess;
import io.remora.it.remote.DeviceAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The order of calls across streams, threads and sessions, and when errors are told. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OrderTest {
  private static final Duration TIME_MAX = Duration.ofSeconds(60);

  private ServerProcess server;

  @BeforeAll
  void startServer(@TempDir Path folder) {
    server = ServerProcess.start(folder, List.of(), List.of());
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  @Test
  void twoSessionsInterleavedTenThousandCallsKeepTheOrderOfTheirStreams() throws Exception {
    long seed = Long.getLong("seed", 20261123L);
    SplittableRandom random = new SplittableRandom(seed);
    try (TestSession one = new TestSession(server.settings());
        TestSession two = new TestSession(server.settings())) {
      Chain[] chains = {
        new Chain(one), new Chain(two), new Chain(one), new Chain(two), new Chain(one)
      };
      one.cuda().cuCtxSynchronize();
      for (int i = 0; i < 10_000; i++) {
        chains[random.nextInt(chains.length)].step(random.nextInt(), random.nextInt());
      }
      for (Chain chain : chains) {
        assertThat(chain.deviceValue()).as("seed %d", seed).isEqualTo(chain.expected);
      }
    }
  }

  /** A value on the device, changed by launches on one stream, none of which may change places. */
  private static final class Chain {
    private final TestSession session;
    private final CUstream stream;
    private final CUfunction function;
    private final DeviceAddress value;
    private int expected;

    Chain(TestSession session) {
      this.session = session;
      stream = session.stream();
      function = session.function("small", "multiplyThenAdd");
      value = session.allocateZeros(Integer.BYTES);
      session.expectSuccess(session.cuda().cuCtxSynchronize());
    }

    void step(int factor, int summand) {
      int odd = factor | 1;
      expected = expected * odd + summand;
      session.enter();
      session.expectSuccess(
          session.launchOne(
              function, stream, Pointer.to(value), parameter(odd), parameter(summand)));
    }

    int deviceValue() {
      session.enter();
      session.expectSuccess(session.cuda().cuStreamSynchronize(stream));
      return session.readInt(value);
    }
  }

  @Test
  void oneThreadWaitsInSynchronizeWhileAnotherLaunchesWhatItWaitsFor() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      DeviceAddress flag = session.allocateZeros(Integer.BYTES);
      DeviceAddress counter = session.allocateZeros(Integer.BYTES);
      CUfunction spin = session.function("faults", "spinUntil");
      CUfunction increment = session.function("small", "increment");
      CUstream waiting = session.stream();
      CUstream working = session.stream();
      session.expectSuccess(session.cuda().cuCtxSynchronize());

      session.expectSuccess(session.launchOne(spin, waiting, Pointer.to(flag)));
      CompletableFuture<Integer> waiter =
          CompletableFuture.supplyAsync(
              () -> {
                session.enter();
                return session.cuda().cuStreamSynchronize(waiting);
              });
      for (int i = 0; i < 100; i++) {
        session.expectSuccess(
            session.launchOne(increment, working, Pointer.to(counter), parameter(1), parameter(1)));
      }
      session.expectSuccess(session.cuda().cuStreamSynchronize(working));
      assertThat(waiter).isNotDone();
      session.expectSuccess(
          session.launchOne(increment, working, Pointer.to(flag), parameter(1), parameter(1)));

      assertThat(waiter.get(TIME_MAX.toSeconds(), TimeUnit.SECONDS))
          .isEqualTo(CUresult.CUDA_SUCCESS);
      assertThat(session.readInt(counter)).isEqualTo(100);
    }
  }

  @Test
  void anErrorOfAnAsynchronousCallIsToldAtTheNextSynchronisationWithTheCallsName()
      throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      DeviceAddress good = session.allocateZeros(Integer.BYTES);
      CUfunction increment = session.function("small", "increment");
      for (int i = 0; i < 10; i++) {
        session.expectSuccess(
            session.launchOne(increment, null, Pointer.to(good), parameter(1), parameter(1)));
      }
      DeviceAddress nowhere = new DeviceAddress(good.value() + (1L << 20));
      session.expectSuccess(session.cuda().cuMemsetD32(nowhere, 7, 4));
      for (int i = 0; i < 10; i++) {
        session.expectSuccess(
            session.launchOne(increment, null, Pointer.to(good), parameter(1), parameter(1)));
      }

      session.expect(session.cuda().cuCtxSynchronize(), CUresult.CUDA_ERROR_INVALID_VALUE);
      assertThat(session.cuda().lastErrorDetail()).contains("cuMemsetD32");
      session.expectSuccess(session.cuda().cuCtxSynchronize());
      assertThat(session.readInt(good)).isEqualTo(20);
    }
  }

  @Test
  void malformedPtxIsInvalidPtxWithLineAndColumn() throws Exception {
    try (TestSession session = new TestSession(server.settings())) {
      String ptx =
          """
          .version 8.0
          .target sm_75
          .address_size 64
          .visible .entry broken()
          {
            .reg .b32 %r<2>;
            mov.u32 %r1, %nosuchregister;
            ret;
          }
          """;
      int result = session.cuda().cuModuleLoadData(new CUmodule(), ptx);
      session.expect(result, CUresult.CUDA_ERROR_INVALID_PTX);
      assertThat(session.cuda().lastErrorDetail())
          .contains("line 7, column 16")
          .contains("nosuchregister");
    }
  }
}
