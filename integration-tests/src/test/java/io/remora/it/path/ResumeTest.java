// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static io.remora.it.path.TestSession.parameter;
import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.AdminClient;
import io.remora.client.ConnectionSettings;
import io.remora.it.process.Await;
import io.remora.it.process.CuttingProxy;
import io.remora.it.process.ServerProcess;
import io.remora.it.remote.DeviceAddress;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A program over a network that fails all the time sees pauses, and nothing else. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ResumeTest {
  private static final int CUTS = 500;
  private static final int BYTES_MAX = 50 << 10;
  private static final int FACTOR = 1664525;

  /** A server keeps a session for 30 s. */
  private static final Duration WELL_WITHIN_GRACE = Duration.ofSeconds(15);

  private ServerProcess server;

  @BeforeAll
  void startServer(@TempDir Path folder) {
    server = ServerProcess.start(folder, List.of(), List.of("--tls", "off"));
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  private ConnectionSettings by(CuttingProxy proxy) {
    return ConnectionSettings.of("127.0.0.1", proxy.port())
        .withPlaintext(true)
        .withToken(server.settings().token());
  }

  @Test
  void everyCallTakesEffectOnceWhileTheConnectionIsCutAgainAndAgain() throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("ResumeTest -Dseed=" + seed);
    try (CuttingProxy proxy = new CuttingProxy(server.port(), seed);
        TestSession session = new TestSession(by(proxy))) {
      Rounds rounds = new Rounds(session, new SplittableRandom(seed));
      proxy.cut(CUTS);
      while (proxy.cuts() < CUTS) {
        rounds.next();
      }
      rounds.check();
      assertThat(session.cuda().stats().resumes()).isPositive();
    }
  }

  @Test
  void onePartOfAMachineIsCutAndBothGoOn() throws Exception {
    var printed = new ByteArrayOutputStream();
    try (CuttingProxy proxy = new CuttingProxy(server.port(), 1);
        TestSession session =
            new TestSession(
                List.of(
                    server.settings().withDeviceOutput(printed::writeBytes),
                    by(proxy).withDeviceOutput(printed::writeBytes)))) {
      int devices = session.devices();
      List<Rounds> rounds = new ArrayList<>();
      for (int device = 0; device < devices; device++) {
        session.enter(device);
        rounds.add(new Rounds(session, new SplittableRandom(device)));
      }
      for (int i = 0; i < 6; i++) {
        for (int device = 0; device < devices; device++) {
          session.enter(device);
          rounds.get(device).next();
        }
        proxy.retarget(server.port());
      }
      for (int device = 0; device < devices; device++) {
        session.enter(device);
        rounds.get(device).check();
        CUfunction greet = session.function("printing", "greet");
        session.expectSuccess(session.launch(greet, 1, 1, null, parameter(device)));
        session.expectSuccess(session.cuda().cuCtxSynchronize());
        assertThat(printed.toString(StandardCharsets.UTF_8))
            .contains("round " + device + ", block 0");
      }
      assertThat(session.cuda().stats().resumes()).isPositive();
    }
  }

  @Test
  void aSessionThatIsClosedWhileItIsCutIsNotKeptForItsGraceTime() throws Exception {
    try (CuttingProxy proxy = new CuttingProxy(server.port(), 1);
        AdminClient admin = AdminClient.open(server.settings())) {
      for (int i = 0; i < 20; i++) {
        TestSession session = new TestSession(by(proxy));
        // The client may not have seen it when it closes, or be on its way back.
        proxy.retarget(server.port());
        session.close();
      }
      Await.success(
          WELL_WITHIN_GRACE, () -> assertThat(admin.state().getSessionsList()).hasSize(0));
    }
  }

  /** What a program does, and what must have come of it. */
  private static final class Rounds {
    private final TestSession session;
    private final SplittableRandom random;
    private final CUfunction multiplyThenAdd;
    private final DeviceAddress value;
    private final DeviceAddress memory;
    private final CUstream stream;
    private final AtomicInteger callbacksRun = new AtomicInteger();
    private int expectedValue;
    private int callbacksAsked;

    Rounds(TestSession session, SplittableRandom random) {
      this.session = session;
      this.random = random;
      multiplyThenAdd = session.function("small", "multiplyThenAdd");
      value = session.allocateZeros(Integer.BYTES);
      memory = session.allocateZeros(BYTES_MAX);
      stream = session.stream();
    }

    void next() {
      for (int launches = random.nextInt(200); launches > 0; launches--) {
        int summand = random.nextInt();
        session.expectSuccess(
            session.launchOne(
                multiplyThenAdd, stream, Pointer.to(value), parameter(FACTOR), parameter(summand)));
        expectedValue = expectedValue * FACTOR + summand;
      }
      callbacksAsked++;
      session.expectSuccess(
          session.cuda().cuLaunchHostFunc(stream, data -> callbacksRun.incrementAndGet(), null));
      copyThereAndBack();
      session.expectSuccess(session.cuda().cuStreamSynchronize(stream));
      assertThat(session.readInt(value)).isEqualTo(expectedValue);
      assertThat(callbacksRun).hasValue(callbacksAsked);
    }

    private void copyThereAndBack() {
      int bytes = 1 + random.nextInt(random.nextBoolean() ? 1000 : BYTES_MAX);
      byte[] there = new byte[bytes];
      byte[] back = new byte[bytes];
      random.nextBytes(there);
      session.expectSuccess(session.cuda().cuMemcpyHtoD(memory, Pointer.to(there), bytes));
      session.expectSuccess(session.cuda().cuMemcpyDtoH(Pointer.to(back), memory, bytes));
      assertThat(back).isEqualTo(there);
    }

    void check() {
      assertThat(session.readInt(value)).isEqualTo(expectedValue);
      assertThat(session.cuda().cuCtxSynchronize()).isEqualTo(CUresult.CUDA_SUCCESS);
    }
  }
}
