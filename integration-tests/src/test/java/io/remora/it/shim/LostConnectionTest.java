// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.process.ServerProcess;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a person is told, in one line, and a program, by results, where there is no connection: 100
 * is {@code CUDA_ERROR_NO_DEVICE}, 800 {@code NOT_PERMITTED}, 46 {@code DEVICE_UNAVAILABLE}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@Execution(ExecutionMode.CONCURRENT)
class LostConnectionTest {
  private ServerProcess server;
  private ServerProcess plaintext;
  private Path folder;
  private ShimBuild build;
  private Path scenarios;

  @BeforeAll
  void startServers(@TempDir Path given) throws Exception {
    folder = given;
    build = ShimBuild.product(folder);
    scenarios = build.program("scenarios");
    server = ServerProcess.start(folder.resolve("tls"), List.of(), List.of());
    plaintext = ServerProcess.start(folder.resolve("off"), List.of(), List.of("--tls", "off"));
  }

  @AfterAll
  void stopServers() {
    server.close();
    plaintext.close();
  }

  private String ca() {
    return server.readyValue("ca").orElseThrow();
  }

  /** Runs cuInit twice with {@code NAME=VALUE} settings; there must be one line about it. */
  private void expectInit(String results, String pattern, String... variables) throws Exception {
    ProcessBuilder command = build.command(scenarios, "init");
    for (String variable : variables) {
      int equals = variable.indexOf('=');
      command.environment().put(variable.substring(0, equals), variable.substring(equals + 1));
    }
    try (ShimProcess process = ShimProcess.start(command)) {
      assertThat(process.awaitEnd()).containsExactly(results);
      assertThat(process.errorText().lines())
          .singleElement()
          .asString()
          .matches(Pattern.compile("remora: " + pattern));
    }
  }

  private String address() {
    return "REMORA_SERVER=127.0.0.1:" + server.port();
  }

  @Test
  void refusedTokenIsToldInTheServersWords() throws Exception {
    expectInit(
        "800 800",
        "The server 127.0.0.1:\\d+ refused the token: .+",
        address(),
        "REMORA_CA=" + ca(),
        "REMORA_TOKEN=rmr_wrong");
  }

  @Test
  void noServerNamesTheSettings() throws Exception {
    expectInit("100 100", "No server is configured: .*REMORA_SERVER=HOST:PORT.*");
  }

  @Test
  void unreachableServerIsNamed() throws Exception {
    expectInit(
        "100 100",
        "The server 127.0.0.1:1 can't be reached: Connection refused. Check the address .*",
        "REMORA_SERVER=127.0.0.1:1");
  }

  @Test
  void untrustedCertificateNamesTheSetting() throws Exception {
    expectInit(
        "100 100", "TLS with 127.0.0.1:\\d+ failed: .*Name the server's CA file in .*", address());
  }

  @Test
  void certificateForAnotherNameIsRefused() throws Exception {
    expectInit(
        "100 100",
        "TLS with 127.1:\\d+ failed: .*hostname mismatch.* names the host.",
        "REMORA_SERVER=127.1:" + server.port(),
        "REMORA_CA=" + ca());
  }

  @Test
  void tlsWithAServerThatHasNoneNamesTheSetting() throws Exception {
    expectInit(
        "100 100",
        "The server .* speaks without TLS: say so with REMORA_TLS=off.",
        "REMORA_SERVER=127.0.0.1:" + plaintext.port(),
        "REMORA_CA=" + ca());
  }

  @Test
  void plaintextWithAServerThatWantsTlsNamesTheSetting() throws Exception {
    expectInit("100 100", ".*leave out REMORA_TLS=off.*", address(), "REMORA_TLS=off");
  }

  @Test
  void twoTokensAreOneTooMany() throws Exception {
    expectInit(
        "100 100",
        "REMORA_TOKEN and REMORA_TOKEN_FILE both give a token: .*",
        address(),
        "REMORA_TOKEN=rmr_a",
        "REMORA_TOKEN_FILE=" + server.readyValue("token_file").orElseThrow());
  }

  @Test
  void plaintextServerIsUsedWhereItIsAskedFor() throws Exception {
    assertThat(ShimProcess.run(build.command(plaintext, scenarios, "rows")))
        .containsExactly("copied");
  }

  @ParameterizedTest
  @ValueSource(strings = {"lose", "lose_waiting"})
  void deathOfTheServerEndsEveryCallWithAnError(String scenario) throws Exception {
    ServerProcess mortal =
        ServerProcess.start(folder.resolve(scenario), List.of(), List.of("--resume-grace", "0s"));
    try (ShimProcess process = ShimProcess.start(build.command(mortal, scenarios, scenario))) {
      assertThat(process.nextLine()).isEqualTo("ready");

      mortal.process().kill();

      assertThat(process.awaitEnd()).containsExactly("46 46");
      assertThat(process.status()).isZero();
      assertThat(process.errorText().lines())
          .singleElement()
          .asString()
          .startsWith("remora: The connection to the server 127.0.0.1:");
    }
  }

  @Test
  void silenceOfTheServerIsFoundOut() throws Exception {
    ServerProcess silent =
        ServerProcess.start(folder.resolve("silent"), List.of(), List.of("--resume-grace", "0s"));
    try (ShimProcess process =
        ShimProcess.start(build.command(silent, scenarios, "lose_waiting"))) {
      assertThat(process.nextLine()).isEqualTo("ready");

      // As a machine that has lost its network: the connection stays, but nobody answers.
      silent.process().freeze();

      assertThat(process.awaitEnd()).containsExactly("46 46");
      assertThat(process.errorText()).contains("doesn't answer any more");
    } finally {
      silent.process().kill();
    }
  }
}
