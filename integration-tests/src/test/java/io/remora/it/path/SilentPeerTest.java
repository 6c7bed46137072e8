// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.ConnectionSettings;
import io.remora.it.process.Await;
import io.remora.it.process.JavaProcess;
import io.remora.it.process.ServerProcess;
import io.remora.it.process.TenantsFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import jcuda.driver.CUresult;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * A peer whose process is frozen: the kernel of its machine still acknowledges what it gets, so
 * only the ends' own keep-alive can find out.
 */
@Execution(ExecutionMode.CONCURRENT)
class SilentPeerTest {
  private static final Duration START_TIME_MAX = Duration.ofSeconds(60);

  /** The server asks after 5 s of silence and gives up 4 s later. */
  private static final Duration CLIENT_LOSS_TIME_MAX = Duration.ofSeconds(13);

  /** The client asks after 10 s of silence, gRPC's lower bound, and gives up 5 s later. */
  private static final Duration SERVER_LOSS_TIME_MAX = Duration.ofSeconds(25);

  @TempDir private Path folder;

  @Test
  void aFrozenClientGivesEverythingBack() throws Exception {
    TenantsFile tenants = new TenantsFile(folder.resolve("tenants.yaml"));
    String token = tenants.add("victim", "--sessions", "1", "--memory", "256MiB");
    try (ServerProcess server =
        ServerProcess.start(
            folder,
            List.of(),
            List.of("--tenants", tenants.file().toString(), "--resume-grace", "0s"))) {
      Path ca = Path.of(server.readyValue("ca").orElseThrow());
      ConnectionSettings settings =
          ConnectionSettings.of("127.0.0.1", server.port()).withCaFile(ca).withToken(token);
      JavaProcess client =
          JavaProcess.start(
              List.of("-Xmx512m"),
              DoomedClient.class.getName(),
              List.of(DoomedClient.TRANSFER, settings.server(), ca.toString()),
              Map.of("REMORA_TOKEN", token),
              folder.resolve("client.log"));
      try {
        client.awaitLine(DoomedClient.BUSY, START_TIME_MAX);
        client.freeze();

        Await.success(
            CLIENT_LOSS_TIME_MAX,
            () -> {
              try (TestSession next = new TestSession(settings)) {
                next.allocateZeros(ClientDeathTest.TAKEN_BYTES);
              }
              return true;
            });
      } finally {
        client.kill();
      }
    }
  }

  @Test
  void aCallThatWaitsForAFrozenServerFails() throws Exception {
    try (ServerProcess server =
        ServerProcess.start(folder, List.of(), List.of("--resume-grace", "0s"))) {
      try (TestSession session = new TestSession(server.settings())) {
        server.process().freeze();
        CompletableFuture<Integer> call =
            CompletableFuture.supplyAsync(
                () -> {
                  session.enter();
                  return session.cuda().cuCtxSynchronize();
                });

        int result = call.get(SERVER_LOSS_TIME_MAX.toSeconds(), TimeUnit.SECONDS);

        assertThat(CUresult.stringFor(result))
            .isEqualTo(CUresult.stringFor(CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE));
      } finally {
        server.process().thaw();
      }
    }
  }
}
