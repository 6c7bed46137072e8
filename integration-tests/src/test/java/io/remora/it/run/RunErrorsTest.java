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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a person who types {@code remora run} reads when it doesn't work, and the program's results:
 * 100 is {@code CUDA_ERROR_NO_DEVICE}, 800 {@code NOT_PERMITTED}, 46 {@code DEVICE_UNAVAILABLE}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RunErrorsTest {
  private Path folder;
  private Launcher launcher;
  private ServerProcess server;
  private String program;

  @BeforeAll
  void startServer(@TempDir Path given) throws Exception {
    folder = given;
    launcher = new Launcher(folder);
    program = ShimBuild.product(folder).program("scenarios").toString();
    server = ServerProcess.start(folder.resolve("server"), List.of(), List.of());
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  private void expect(ProcessBuilder builder, String results, String pattern) throws Exception {
    try (Running running = Running.start(builder)) {
      assertThat(running.rest()).containsExactly(results);
      assertThat(running.errorText()).matches("remora: " + pattern + "\n");
    }
  }

  @Test
  void whatTheJvmSaysIsNotInACommandsOutput() throws Exception {
    ProcessBuilder builder = launcher.remora("tenant", "list", "--tenants", "none.yaml");
    // Most machines have none, of which the JVM warns.
    builder.environment().put("REMORA_JAVA_OPTIONS", "-XX:+UseLargePages");
    try (Running running = Running.start(builder)) {
      assertThat(running.rest())
          .singleElement()
          .asString()
          .startsWith("There is no tenants file ")
          .contains("none.yaml yet");
    }
  }

  @Test
  void unreachableServer() throws Exception {
    expect(
        launcher.runAnything(program, "init"),
        "100 100",
        "The server 127.0.0.1:1 can't be reached: Connection refused. Check the address .*");
  }

  @Test
  void unknownHost() throws Exception {
    expect(
        launcher.run("--server", "no-such-host.invalid", program, "init"),
        "100 100",
        ".*no-such-host.invalid.*");
  }

  @Test
  void untrustedCertificate() throws Exception {
    ProcessBuilder builder = launcher.run(server, program, "init");
    builder.environment().remove("REMORA_CA");

    expect(builder, "100 100", "TLS with 127.0.0.1:\\d+ failed: .*Name the server's CA file in .*");
  }

  @Test
  void refusedToken() throws Exception {
    ProcessBuilder builder = launcher.run(server, program, "init");
    builder.environment().remove("REMORA_TOKEN_FILE");
    builder.environment().put("REMORA_TOKEN", "rmr_wrong");

    expect(builder, "800 800", "The server 127.0.0.1:\\d+ refused the token: .+");
  }

  @Test
  void missingTokenFileIsFoundBeforeTheProgramStarts() throws Exception {
    ProcessBuilder builder = launcher.run(server, "--token-file", "none", program, "init");
    try (Running running = Running.start(builder)) {
      assertThat(running.rest()).isEmpty();
      assertThat(running.status()).isEqualTo(2);
      assertThat(running.errorText())
          .isEqualTo("remora: --token-file: there is no file " + folder.resolve("none") + "\n");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"lose", "lose_waiting"})
  void connectionLostInTheMiddle(String scenario) throws Exception {
    ServerProcess mortal =
        ServerProcess.start(folder.resolve(scenario), List.of(), List.of("--resume-grace", "0s"));
    try (Running running = Running.start(launcher.run(mortal, program, scenario))) {
      assertThat(running.nextLine()).isEqualTo("ready");

      mortal.process().kill();

      assertThat(running.rest()).containsExactly("46 46");
      assertThat(running.errorText())
          .matches(
              "remora: The connection to the server 127.0.0.1:\\d+ is gone: .* start the .*\n");
    }
  }
}
