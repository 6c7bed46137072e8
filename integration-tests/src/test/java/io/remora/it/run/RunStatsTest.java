// SPDX-License-Identifier: Apache-2.0
package io.remora.it.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.process.ServerProcess;
import io.remora.it.shim.ShimBuild;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@code --stats} says at the end. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RunStatsTest {
  private Launcher launcher;
  private ServerProcess server;
  private Path program;

  @BeforeAll
  void startServer(@TempDir Path folder) throws Exception {
    launcher = new Launcher(folder);
    program = ShimBuild.product(folder).program("scenarios");
    server = ServerProcess.start(folder.resolve("server"), List.of(), List.of());
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  @Test
  void callsWaitsBytesAndAdviceAreTold() throws Exception {
    try (Running running =
        Running.start(launcher.run(server, "--stats", program.toString(), "memsets"))) {
      assertThat(running.rest()).containsExactly("set");
      assertThat(running.status()).isZero();

      List<String> lines = running.errorText().lines().toList();
      assertThat(lines.get(0)).matches("remora: what scenarios \\(\\d+\\) asked of the GPU");
      assertThat(lines)
          .anyMatch(line -> line.matches(" {4}sent without waiting +100,0\\d\\d"))
          .anyMatch(line -> line.matches(" {4}waited for an answer +\\d+"))
          .anyMatch(line -> line.matches(" {2}sent +[\\d.]+ [KM]iB in [\\d,]+ frames"))
          .anyMatch(line -> line.matches(" {2}cuMemcpyDtoH +1 +1 +[\\d.]+ (µs|ms|s)"));
      assertThat(lines.get(lines.size() - 1))
          .matches(" {2}\\d+ cu\\w+ cost [\\d.]+ (µs|ms|s): .*\\.");
    }
  }

  @Test
  void processesOfOneCommandAreAddedUp() throws Exception {
    String script = "'" + program + "' memsets & '" + program + "' memsets; wait";
    try (Running running = Running.start(launcher.run(server, "--stats", "sh", "-c", script))) {
      assertThat(running.rest()).containsExactly("set", "set");
      assertThat(running.status()).isZero();

      assertThat(running.errorText().lines())
          .anyMatch(line -> line.matches("remora: what scenarios .*, scenarios .* asked .*"))
          .anyMatch(line -> line.matches(" {4}sent without waiting +200,0\\d\\d"));
    }
  }

  @Test
  void commandThatUsesNoGpuIsToldSo() throws Exception {
    try (Running running = Running.start(launcher.run(server, "--stats", "true"))) {
      assertThat(running.status()).isZero();
      assertThat(running.errorText())
          .isEqualTo("remora: no process has used the GPU and come to its end by itself\n");
    }
  }
}
