// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.process.JavaProcess;
import io.remora.it.process.ServerProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Both ends as they are on systems without epoll and BoringSSL: Java's own sockets and TLS. */
class FallbacksTest {
  private static final Duration TIME_MAX = Duration.ofSeconds(60);

  private static final List<String> PURE_JAVA =
      List.of("-Dio.netty.transport.noNative=true", "-Dio.netty.handler.ssl.noOpenSsl=true");

  @TempDir private Path folder;
  private ServerProcess server;

  @BeforeEach
  void startServer() throws Exception {
    // The tests' own log settings leave out the line that names the provider of TLS.
    Path config = Files.writeString(folder.resolve("server.yaml"), "log_format: json\n");
    server = ServerProcess.start(folder, PURE_JAVA, List.of("--config", config.toString()));
  }

  @AfterEach
  void stopServer() {
    server.close();
  }

  @Test
  void aServerInPureJavaServesOtherClients() throws Exception {
    assertThat(server.process().errorText()).contains("TLS by the Java platform");
    try (TestSession session = new TestSession(server.settings())) {
      session.writeInt(session.allocateZeros(4), 5);
      session.expectSuccess(session.cuda().cuCtxSynchronize());
    }
  }

  @Test
  void aClientInPureJavaGetsThroughAllChecksOfTheDoctor() {
    JavaProcess doctor =
        JavaProcess.start(
            PURE_JAVA,
            "io.remora.cli.Main",
            List.of("doctor"),
            Map.of("REMORA_STATE_DIR", server.stateDirectory().toString()),
            folder.resolve("doctor.log"));

    // How far the server is on a busy machine is another matter.
    String unused = doctor.awaitLine("Distance", TIME_MAX);
    assertThat(doctor.awaitExit()).as(doctor.errorText()).isZero();
  }
}
