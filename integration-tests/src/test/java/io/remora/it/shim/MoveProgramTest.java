// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.AdminClient;
import io.remora.client.ConnectionException;
import io.remora.client.ConnectionSettings;
import io.remora.it.pool.PoolMembers;
import io.remora.it.process.JavaProcess;
import io.remora.v1.MoveSessionReply;
import io.remora.v1.MoveSessionRequest;
import io.remora.v1.SessionState;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A C program goes from server process to server process, and sees pauses and nothing else. */
@Timeout(value = 180, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MoveProgramTest {
  private static final Duration START_TIME_MAX = Duration.ofSeconds(60);
  private static final int MOVES = 8;

  private final Map<String, Integer> ports = new LinkedHashMap<>();
  private final List<JavaProcess> members = new ArrayList<>();
  private Path folder;
  private Path state;

  @BeforeEach
  void startMembers(@TempDir Path given) throws Exception {
    folder = given;
    state = folder.resolve("state");
    StringBuilder list = new StringBuilder();
    for (String name : List.of("a", "b")) {
      try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        ports.put(name, free.getLocalPort());
      }
      list.append("  - {name: %s, server: '127.0.0.1:%d'}\n".formatted(name, ports.get(name)));
    }
    Files.writeString(folder.resolve("pool.token"), PoolMembers.TOKEN);
    Files.writeString(
        folder.resolve("pool.yaml"), "name: lab\ntoken_file: pool.token\nmembers:\n" + list);
    Files.writeString(
        folder.resolve("server.yaml"),
        """
        web: {listen: off}
        drain_time: 60s
        software: {devices: 1, memory: 256MiB, threads: 1}
        """);
    for (String name : ports.keySet()) {
      members.add(start(name));
    }
  }

  private JavaProcess start(String name) {
    JavaProcess process =
        JavaProcess.start(
            List.of("-XX:-DontCompileHugeMethods"),
            "io.remora.cli.Main",
            List.of(
                "server",
                "--config",
                folder.resolve("server.yaml").toString(),
                "--pool",
                folder.resolve("pool.yaml").toString(),
                "--member",
                name,
                "--listen",
                "127.0.0.1:" + ports.get(name),
                "--device",
                "software",
                "--state-dir",
                state.toString()),
            Map.of(),
            folder.resolve(name + ".log"));
    String unused = process.awaitLine("remora server ready on ", START_TIME_MAX);
    return process;
  }

  @AfterEach
  void stopMembers() {
    members.forEach(JavaProcess::close);
  }

  private String token() throws Exception {
    return Files.readString(state.resolve("token")).strip();
  }

  private AdminClient admin(String member) throws Exception {
    return AdminClient.open(
        ConnectionSettings.of("127.0.0.1", ports.getOrDefault(member, 0))
            .withCaFile(state.resolve("ca.pem"))
            .withToken(token()));
  }

  private void move(String from, String to) throws Exception {
    try (AdminClient admin = admin(from)) {
      List<SessionState> sessions = admin.state().getSessionsList();
      assertThat(sessions).hasSize(1);
      MoveSessionReply unused =
          admin.moveSession(
              MoveSessionRequest.newBuilder()
                  .setId(sessions.get(0).getId())
                  .setMember(to)
                  .setMillis(20_000)
                  .build());
    }
  }

  /** Asks an operator's question; nothing is known from a server that doesn't answer. */
  private interface Question {
    boolean ask(AdminClient admin) throws ConnectionException;
  }

  private void await(ShimProcess process, String member, Question question) throws Exception {
    try (AdminClient admin = admin(member)) {
      process.awaitHolds(
          () -> {
            try {
              return question.ask(admin);
            } catch (ConnectionException e) {
              return false;
            }
          });
    }
  }

  private static boolean allReachable(AdminClient admin) throws ConnectionException {
    return admin.members().getMembersList().stream()
        .allMatch(each -> each.getReachable() && each.getState().getServing());
  }

  /** Whether the session is there and its client, too, who would be lost with the server else. */
  private static boolean hasClient(AdminClient admin) throws ConnectionException {
    List<SessionState> sessions = admin.state().getSessionsList();
    return sessions.size() == 1 && sessions.get(0).getDetachedUnixMillis() == 0;
  }

  @Test
  void itGoesOnThroughMovesAndTheDeathOfTheServerThatItHasLeft() throws Exception {
    ShimBuild build = ShimBuild.product(folder);
    Path ptx = Path.of("src", "main", "cuda", "small.ptx").toAbsolutePath();
    ProcessBuilder command = build.command(build.program("resume"), ptx.toString(), "7");
    command.environment().put("REMORA_SERVER", "127.0.0.1:" + ports.get("a"));
    command.environment().put("REMORA_TOKEN", token());
    command.environment().put("REMORA_CA", state.resolve("ca.pem").toString());
    try (ShimProcess process = ShimProcess.start(command)) {
      assertThat(process.nextLine()).isEqualTo("ready");
      await(process, "a", MoveProgramTest::allReachable);
      await(process, "b", MoveProgramTest::allReachable);
      await(process, "a", MoveProgramTest::hasClient);
      for (int i = 0; i < MOVES; i++) {
        String from = i % 2 == 0 ? "a" : "b";
        String to = i % 2 == 0 ? "b" : "a";
        move(from, to);
        await(process, to, MoveProgramTest::hasClient);
      }
      // SIGTERM gives it to b.
      members.get(0).process().destroy();
      int unused = members.get(0).awaitExit();
      await(process, "b", MoveProgramTest::hasClient);
      members.set(0, start("a"));
      await(process, "b", MoveProgramTest::allReachable);
      move("b", "a");
      await(process, "a", MoveProgramTest::hasClient);
      members.get(1).kill();
      process.endInput();
      assertThat(process.awaitEnd()).as(process.errorText()).containsExactly("good");
      assertThat(process.errorText()).isEmpty();
    }
  }
}
