// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.process.CuttingProxy;
import io.remora.it.process.ServerProcess;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A C program over a network that fails all the time sees pauses, and nothing else. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ResumeProgramTest {
  private static final int CUTS = 250;

  private ServerProcess encrypted;
  private ServerProcess plaintext;
  private Path folder;
  private ShimBuild build;
  private Path program;

  @BeforeAll
  void startServers(@TempDir Path given) throws Exception {
    folder = given;
    build = ShimBuild.product(folder);
    program = build.program("resume");
    encrypted = ServerProcess.start(folder.resolve("on"), List.of(), List.of());
    plaintext = ServerProcess.start(folder.resolve("off"), List.of(), List.of("--tls", "off"));
  }

  @AfterAll
  void stopServers() {
    encrypted.close();
    plaintext.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"on", "off"})
  void everyCallTakesEffectOnceWhileTheConnectionIsCutAgainAndAgain(String tls) throws Exception {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("ResumeProgramTest -Dseed=" + seed);
    ServerProcess server = tls.equals("on") ? encrypted : plaintext;
    Path ptx = Path.of("src", "main", "cuda", "small.ptx").toAbsolutePath();
    Path stats = folder.resolve(tls + ".stats");
    try (CuttingProxy proxy = new CuttingProxy(server.port(), seed)) {
      ProcessBuilder command = build.command(program, ptx.toString(), Long.toString(seed));
      command.environment().put("REMORA_SERVER", "127.0.0.1:" + proxy.port());
      command.environment().put("REMORA_TOKEN", server.settings().token());
      command.environment().put("REMORA_TLS", tls);
      command.environment().put("REMORA_STATS_FILE", stats.toString());
      server.readyValue("ca").ifPresent(ca -> command.environment().put("REMORA_CA", ca));
      try (ShimProcess process = ShimProcess.start(command)) {
        assertThat(process.nextLine()).isEqualTo("ready");
        proxy.cut(CUTS);
        process.awaitHolds(() -> proxy.cuts() == CUTS);
        process.endInput();
        assertThat(process.awaitEnd()).as(process.errorText()).containsExactly("good");
        assertThat(process.errorText()).isEmpty();
      }
    }
    assertThat(Files.readAllLines(stats))
        .anySatisfy(line -> assertThat(line).matches("resumes [1-9]\\d*"));
  }
}
