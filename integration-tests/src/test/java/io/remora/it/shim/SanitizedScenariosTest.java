// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;

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
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same scenarios while sanitizers watch the library's memory and threads. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 600, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Execution(ExecutionMode.CONCURRENT)
class SanitizedScenariosTest {
  private static final List<String> SCENARIOS =
      List.of(
          "copies",
          "rows",
          "memsets",
          "threads",
          "callbacks",
          "signals",
          "forks",
          "fork_beside_calls",
          "late_call",
          "cancel");

  private ServerProcess server;
  private Path folder;

  @BeforeAll
  void startServer(@TempDir Path given) {
    folder = given;
    server = ServerProcess.start(folder, List.of(), List.of());
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"address,undefined", "thread"})
  void nothingIsFoundBy(String sanitizer) throws Exception {
    Path own = Files.createDirectory(folder.resolve(sanitizer.replace(',', '-')));
    ShimBuild build = ShimBuild.sanitized(own, sanitizer);
    Path scenarios = build.program("scenarios");

    for (String scenario : SCENARIOS) {
      assertThat(ShimProcess.run(build.command(server, scenarios, scenario)))
          .as(scenario)
          .hasSize(1);
    }
  }
}
