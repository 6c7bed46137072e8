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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What programs do besides calling: the library that users get must bear it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ScenariosTest {
  private ServerProcess server;
  private ShimBuild build;
  private Path scenarios;

  @BeforeAll
  void startServer(@TempDir Path folder) throws Exception {
    // A server that soon asks silent clients whether they are there.
    Path config = folder.resolve("server.yaml");
    Files.writeString(config, "limits:\n  keep_alive_time: 1s\n  keep_alive_timeout: 1s\n");
    build = ShimBuild.product(folder);
    scenarios = build.program("scenarios");
    server = ServerProcess.start(folder, List.of(), List.of("--config", config.toString()));
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  @ParameterizedTest
  @CsvSource({
    "copies, copied",
    "rows, copied",
    "memsets, set",
    "threads, joined",
    "callbacks, called",
    "signals, interrupted",
    "forks, forked",
    "fork_beside_calls, forked",
    "cancel, cancelled",
    "late_call, 4"
  })
  void scenario(String name, String printed) throws Exception {
    assertThat(ShimProcess.run(build.command(server, scenarios, name))).containsExactly(printed);
  }

  @Test
  void kernelsRunAndTheirResultsComeBack() throws Exception {
    Path program = build.program("vector_add");
    Path ptx = Path.of("src", "main", "cuda", "vector_add.ptx").toAbsolutePath();

    assertThat(ShimProcess.run(build.command(server, program, ptx.toString())))
        .singleElement()
        .asString()
        .startsWith("1048576 sums are right on ");
  }

  @Test
  void programsThatComputeWithoutCallingKeepTheirSession() throws Exception {
    assertThat(ShimProcess.run(build.command(server, scenarios, "compute", "4")))
        .containsExactly("computed");
  }

  @Test
  void signalHandlerThatEndsTheProcessDoesNotHang() throws Exception {
    try (ShimProcess process =
        ShimProcess.start(build.command(server, scenarios, "exit_by_signal"))) {
      process.awaitEnd();

      assertThat(process.status()).as(process.errorText()).isEqualTo(3);
    }
  }

  @Test
  void closedLibraryLetsTheProcessEnd() throws Exception {
    Path program = build.program("dlclose");

    assertThat(ShimProcess.run(build.command(server, program))).containsExactly("closed");
  }

  @Test
  void countersAreAppendedToTheFileThatIsAskedFor() throws Exception {
    ProcessBuilder command = build.command(server, scenarios, "memsets");
    Path file = scenarios.resolveSibling("statistics.txt");
    command.environment().put("REMORA_STATS_FILE", file.toString());

    ShimProcess.run(command);

    List<String> lines = Files.readAllLines(file);
    assertThat(lines.get(0)).startsWith("process ").endsWith(" scenarios");
    assertThat(lines).anyMatch(line -> line.matches("call 120 cuMemsetD8Async 100000 0 0"));
    assertThat(lines).anyMatch(line -> line.matches("call 111 cuMemcpyDtoH 1 1 [1-9]\\d*"));
    assertThat(lines.get(lines.size() - 1)).isEqualTo("end");
  }
}
