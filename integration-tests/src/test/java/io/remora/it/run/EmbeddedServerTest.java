// SPDX-License-Identifier: Apache-2.0
package io.remora.it.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.process.Await;
import io.remora.it.process.ServerProcess;
import io.remora.it.shim.ShimBuild;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The server that serves one command where none is configured. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class EmbeddedServerTest {
  private static final Pattern SAID =
      Pattern.compile(
          "remora: no server is configured, so one on 127\\.0\\.0\\.1:(\\d+) serves this command:"
              + " .*Software Device.*\n");

  private Path folder;
  private Launcher launcher;
  private Path program;

  @BeforeEach
  void prepare(@TempDir Path given) throws Exception {
    folder = given;
    launcher = new Launcher(given);
    program = ShimBuild.product(given).program("scenarios");
  }

  private static int port(Running running) throws IOException {
    Matcher said = SAID.matcher(running.errorText());
    assertThat(said.matches()).as(running.errorText()).isTrue();
    return Integer.parseInt(said.group(1));
  }

  private static boolean isServed(int port) {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress("127.0.0.1", port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  @Test
  void commandGetsAServerThatEndsWithIt() throws Exception {
    String script = program + " rows; echo done; cat";
    try (Running running = Running.start(launcher.run("sh", "-c", script))) {
      assertThat(running.nextLine()).isEqualTo("copied");
      assertThat(running.nextLine()).isEqualTo("done");
      int port = port(running);
      assertThat(isServed(port)).isTrue();

      assertThat(running.rest()).isEmpty();

      assertThat(running.status()).isZero();
      Await.holds(() -> !isServed(port));
    }
  }

  @Test
  void killedCommandTakesItsServerAlong() throws Exception {
    try (Running running = Running.start(launcher.run("sh", "-c", "echo ready; exec cat"))) {
      assertThat(running.nextLine()).isEqualTo("ready");
      int port = port(running);

      running.signal("KILL");

      assertThat(running.status()).isEqualTo(137);
      Await.holds(() -> !isServed(port));
    }
  }

  @Test
  void serverOfTheSameUserIsPreferredAsLongAsItRuns() throws Exception {
    try (ServerProcess server = ServerProcess.start(folder, List.of(), List.of())) {
      assertThat(server.stateDirectory()).isEqualTo(launcher.stateDirectory());
      try (Running running = Running.start(launcher.run(program.toString(), "rows"))) {
        assertThat(running.rest()).containsExactly("copied");
        assertThat(running.errorText()).isEmpty();
      }
    }

    try (Running running = Running.start(launcher.run(program.toString(), "rows"))) {
      assertThat(running.rest()).containsExactly("copied");
      assertThat(port(running)).isPositive();
    }
  }
}
