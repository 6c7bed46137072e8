// SPDX-License-Identifier: Apache-2.0
package io.remora.it.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.AdminClient;
import io.remora.client.ConnectionException;
import io.remora.client.ConnectionSettings;
import io.remora.it.process.JavaProcess;
import io.remora.v1.MoveSessionReply;
import io.remora.v1.MoveSessionRequest;
import io.remora.v1.SessionState;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;

/** The members a and b of a pool, each a server process with one software device. */
public final class MemberProcesses implements AutoCloseable {
  private static final Duration START_TIME_MAX = Duration.ofSeconds(60);
  private static final int MOVE_MILLIS_MAX = 20_000;

  private final Map<String, Integer> ports = new LinkedHashMap<>();
  private final Map<String, JavaProcess> running = new HashMap<>();
  private final Path folder;
  private final Path state;

  /** Asks an operator's question; nothing is known from a server that doesn't answer. */
  @FunctionalInterface
  public interface Question {
    boolean ask(AdminClient admin) throws ConnectionException;
  }

  /**
   * Prepares members that don't run yet.
   *
   * @param folder takes all files
   */
  public MemberProcesses(Path folder) throws IOException {
    this.folder = folder;
    state = folder.resolve("state");
    for (String name : List.of("a", "b")) {
      try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        ports.put(name, free.getLocalPort());
      }
    }
    Files.writeString(folder.resolve("pool.token"), PoolMembers.TOKEN);
    list(ports);
    Files.writeString(
        folder.resolve("server.yaml"),
        """
        web: {listen: off}
        drain_time: 60s
        software: {devices: 1, memory: 256MiB, threads: 1}
        """);
  }

  /** Lets programs and other members reach a member by another port of this machine. */
  public void reachBy(String name, int port) throws IOException {
    Map<String, Integer> ways = new LinkedHashMap<>(ports);
    ways.put(name, port);
    list(ways);
  }

  private void list(Map<String, Integer> ways) throws IOException {
    StringBuilder list = new StringBuilder("name: lab\ntoken_file: pool.token\nmembers:\n");
    ways.forEach(
        (name, port) ->
            list.append("  - {name: %s, server: '127.0.0.1:%d'}\n".formatted(name, port)));
    Files.writeString(folder.resolve("pool.yaml"), list.toString());
  }

  /** Starts a member of this version. */
  public void start(String name) {
    start(name, PreviousVersion.THIS);
  }

  /**
   * Starts a member.
   *
   * @param classPath of the server
   */
  public void start(String name, String classPath) {
    JavaProcess process =
        JavaProcess.start(
            List.of("-XX:-DontCompileHugeMethods"),
            classPath,
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
                server(name),
                "--device",
                "software",
                "--state-dir",
                state.toString()),
            Map.of(),
            folder.resolve(name + ".log"));
    running.put(name, process);
    String unused = process.awaitLine("remora server ready on ", START_TIME_MAX);
  }

  /** Ends a member by SIGTERM, and waits for its end. */
  public void stop(String name) {
    JavaProcess process = member(name);
    process.process().destroy();
    int unused = process.awaitExit();
    running.remove(name);
  }

  /** Ends a member by SIGKILL. */
  public void kill(String name) {
    member(name).kill();
    running.remove(name);
  }

  private JavaProcess member(String name) {
    JavaProcess process = running.get(name);
    if (process == null) {
      throw new IllegalStateException("member " + name + " doesn't run");
    }
    return process;
  }

  /** HOST:PORT of a member. */
  public String server(String name) {
    return "127.0.0.1:" + port(name);
  }

  /** Where a member listens. */
  public int port(String name) {
    return Objects.requireNonNull(ports.get(name), name);
  }

  private String token() throws IOException {
    return Files.readString(state.resolve("token")).strip();
  }

  /** What a program of the members' local tenant needs to begin on one of them. */
  public Map<String, String> environment(String name) throws IOException {
    return Map.of(
        "REMORA_SERVER",
        server(name),
        "REMORA_TOKEN",
        token(),
        "REMORA_CA",
        state.resolve("ca.pem").toString());
  }

  /** How a program of the local tenant reaches a member. */
  public ConnectionSettings settings(String name) throws IOException {
    return ConnectionSettings.of("127.0.0.1", port(name))
        .withCaFile(state.resolve("ca.pem"))
        .withToken(token());
  }

  /** Moves the only session. */
  public void move(String from, String to) throws Exception {
    try (AdminClient admin = AdminClient.open(settings(from))) {
      List<SessionState> sessions = admin.state().getSessionsList();
      assertThat(sessions).hasSize(1);
      MoveSessionReply unused =
          admin.moveSession(
              MoveSessionRequest.newBuilder()
                  .setId(sessions.get(0).getId())
                  .setMember(to)
                  .setMillis(MOVE_MILLIS_MAX)
                  .build());
    }
  }

  /** Asks a member whenever it is asked itself; who doesn't answer says no. */
  public BooleanSupplier asks(String member, Question question) {
    return () -> {
      try (AdminClient admin = AdminClient.open(settings(member))) {
        return question.ask(admin);
      } catch (IOException e) {
        return false;
      }
    };
  }

  /** Whether the session waits for its client. */
  public static boolean isClientAway(AdminClient admin) throws ConnectionException {
    List<SessionState> sessions = admin.state().getSessionsList();
    return sessions.size() == 1 && sessions.get(0).getDetachedUnixMillis() != 0;
  }

  /** Whether all members know each other. */
  public static boolean allReachable(AdminClient admin) throws ConnectionException {
    return admin.members().getMembersList().stream()
        .allMatch(each -> each.getReachable() && each.getState().getServing());
  }

  /** Whether the session is there and its client, too, who would be lost with the server else. */
  public static boolean hasClient(AdminClient admin) throws ConnectionException {
    List<SessionState> sessions = admin.state().getSessionsList();
    return sessions.size() == 1 && sessions.get(0).getDetachedUnixMillis() == 0;
  }

  @Override
  public void close() {
    running.values().forEach(JavaProcess::close);
  }
}
