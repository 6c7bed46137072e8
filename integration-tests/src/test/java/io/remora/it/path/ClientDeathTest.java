// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static io.remora.it.path.TestSession.parameter;
import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.ConnectionSettings;
import io.remora.it.process.Await;
import io.remora.it.process.JavaProcess;
import io.remora.it.process.ServerProcess;
import io.remora.it.process.TenantsFile;
import io.remora.it.remote.DeviceAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A client that is killed gives everything back within two seconds of the end of its grace time,
 * which is 0 here, whatever it was doing.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ClientDeathTest {
  static final long TAKEN_BYTES = 200L << 20;

  private static final Duration START_TIME_MAX = Duration.ofSeconds(60);
  private static final Duration RECLAIM_TIME_MAX = Duration.ofSeconds(2);

  private ServerProcess server;
  private Path folder;
  private String token;

  @BeforeAll
  void startServer(@TempDir Path given) {
    folder = given;
    TenantsFile tenants = new TenantsFile(folder.resolve("tenants.yaml"));
    // One session and memory for one victim: the next session shows whether both came back.
    token = tenants.add("victim", "--sessions", "1", "--memory", "256MiB");
    server =
        ServerProcess.start(
            folder,
            List.of(),
            List.of("--tenants", tenants.file().toString(), "--resume-grace", "0s"));
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {DoomedClient.TRANSFER, DoomedClient.KERNEL})
  void killedInTheMiddleOf(String work) throws Exception {
    Path ca = Path.of(server.readyValue("ca").orElseThrow());
    ConnectionSettings settings =
        ConnectionSettings.of("127.0.0.1", server.port()).withCaFile(ca).withToken(token);
    JavaProcess client =
        JavaProcess.start(
            List.of("-Xmx512m"),
            DoomedClient.class.getName(),
            List.of(work, settings.server(), ca.toString()),
            Map.of("REMORA_TOKEN", token),
            folder.resolve(work + ".log"));
    try {
      client.awaitLine(DoomedClient.BUSY, START_TIME_MAX);
    } finally {
      client.kill();
    }

    long start = System.nanoTime();
    Await.success(
        RECLAIM_TIME_MAX,
        () -> {
          try (TestSession next = new TestSession(settings)) {
            takeAndRun(next);
          }
          return true;
        });
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThanOrEqualTo(RECLAIM_TIME_MAX);
  }

  /** As much memory as the victim had, and a device that runs kernels. */
  private static void takeAndRun(TestSession session) {
    DeviceAddress memory = session.allocateZeros(TAKEN_BYTES);
    CUfunction increment = session.function("small", "increment");
    session.expectSuccess(
        session.launchOne(increment, null, Pointer.to(memory), parameter(5), parameter(1)));
    assertThat(session.readInt(memory)).isEqualTo(5);
  }
}
