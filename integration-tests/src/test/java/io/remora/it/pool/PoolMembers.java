// SPDX-License-Identifier: Apache-2.0
package io.remora.it.pool;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.client.AdminClient;
import io.remora.client.ConnectionException;
import io.remora.client.ConnectionSettings;
import io.remora.client.RemoteCuda;
import io.remora.client.config.ClientSettings;
import io.remora.client.config.Surroundings;
import io.remora.it.process.Await;
import io.remora.server.RemoraServer;
import io.remora.server.config.ServerConfig;
import io.remora.server.config.ServerFlags;
import io.remora.server.driver.Driver;
import io.remora.server.tenant.Tenant;
import io.remora.server.tenant.TenantChanges;
import io.remora.server.tenant.TenantClass;
import io.remora.v1.SessionState;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Servers of one pool in this process, each with two small software devices and a port of its own,
 * and what their clients need.
 */
public final class PoolMembers implements AutoCloseable {
  /** By which members know each other. */
  public static final String TOKEN = "0123456789abcdef0123456789abcdef";

  private final Path folder;
  private final Map<String, Integer> ports = new LinkedHashMap<>();
  private final Map<String, String> tokens = new HashMap<>();
  private final Map<String, Running> running = new HashMap<>();

  private record Running(RemoraServer server, Driver driver) {}

  /**
   * Prepares members that don't run yet.
   *
   * @param folder takes all files
   */
  public PoolMembers(Path folder, String... names) throws IOException {
    this.folder = folder;
    List<ServerSocket> taken = new ArrayList<>();
    for (String name : names) {
      ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
      taken.add(socket);
      ports.put(name, socket.getLocalPort());
    }
    for (ServerSocket socket : taken) {
      socket.close();
    }
    Files.writeString(folder.resolve("pool.token"), TOKEN);
    tenant("ops", 0);
  }

  /** Adds a tenant to all members. */
  public void tenant(String name, int sessions) {
    Tenant tenant =
        new Tenant(name, 1, TenantClass.NORMAL, null, sessions, Set.of(), null, List.of());
    tokens.put(
        name,
        TenantChanges.add(folder.resolve("tenants.yaml"), tenant, Instant.now(), new SecureRandom())
            .text());
  }

  /**
   * Writes the pool's file.
   *
   * @param head keys before the list of members
   * @param more further keys of each member, by name
   */
  public void list(String head, Map<String, String> more) throws IOException {
    StringBuilder text = new StringBuilder("name: rack\ntoken_file: pool.token\n" + head);
    text.append("members:\n");
    ports.forEach(
        (name, port) ->
            text.append("  - {name: ")
                .append(name)
                .append(", server: '127.0.0.1:")
                .append(port)
                .append('\'')
                .append(more.containsKey(name) ? ", " + more.get(name) : "")
                .append("}\n"));
    write(text.toString());
  }

  /** Writes the pool's file. */
  public void write(String text) throws IOException {
    Path fresh = Files.writeString(folder.resolve("pool.new"), text);
    Files.move(fresh, folder.resolve("pool.yaml"), StandardCopyOption.REPLACE_EXISTING);
  }

  /** Starts a member. */
  public RemoraServer start(String name) throws Exception {
    return start(name, "pool.yaml");
  }

  /**
   * Starts a member with a pool's file of its own.
   *
   * @param poolFile its name in the folder
   */
  public RemoraServer start(String name, String poolFile) throws Exception {
    Path config =
        Files.writeString(
            folder.resolve(name + ".yaml"),
            """
            listen: 127.0.0.1:%d
            tenants: tenants.yaml
            state_dir: state
            operators: [ops]
            web: {listen: off}
            software: {devices: 2, memory: 64MiB, threads: 1}
            device: software
            pool: {file: %s, member: %s, server: "127.0.0.1:%d"}
            """
                .formatted(ports.get(name), poolFile, name, ports.get(name)));
    ServerConfig settings = ServerConfig.read(config, ServerFlags.NONE, folder.resolve("state"));
    Driver driver = RemoraServer.openDriver(settings);
    RemoraServer server = RemoraServer.start(settings, driver);
    running.put(name, new Running(server, driver));
    return server;
  }

  /** Stops a member as SIGTERM does, without time for its sessions. */
  public void stop(String name) {
    stop(name, Duration.ZERO);
  }

  /** Stops a member as SIGTERM does. */
  public void stop(String name, Duration drainTime) {
    Running member = running.remove(name);
    if (member != null) {
      member.server.stop(drainTime);
      member.driver.close();
    }
  }

  /** How a tenant's program reaches a member without asking the pool. */
  public ConnectionSettings settings(String tenant, String member) {
    return settingsAt(tenant, server(member));
  }

  /** As {@link #settings} by an address of its own, HOST:PORT. */
  public ConnectionSettings settingsAt(String tenant, String server) {
    return ConnectionSettings.parse(server)
        .withCaFile(folder.resolve("state/ca.pem"))
        .withToken(token(tenant));
  }

  /** The port of a member. */
  public int port(String name) {
    return Integer.parseInt(server(name).replaceAll(".*:", ""));
  }

  /** HOST:PORT of a member. */
  public String server(String name) {
    return "127.0.0.1:" + ports.get(name);
  }

  /** All members as a client names them. */
  public String servers() {
    return ports.keySet().stream().map(this::server).collect(Collectors.joining(","));
  }

  /** The environment of a tenant's programs; {@code NAME=VALUE} variables are added. */
  public Map<String, String> environment(String tenant, String... variables) {
    Map<String, String> environment = new HashMap<>();
    environment.put("REMORA_SERVER", servers());
    environment.put("REMORA_TOKEN", token(tenant));
    environment.put("REMORA_CA", folder.resolve("state/ca.pem").toString());
    for (String variable : variables) {
      int equals = variable.indexOf('=');
      environment.put(variable.substring(0, equals), variable.substring(equals + 1));
    }
    return environment;
  }

  private String token(String tenant) {
    String token = tokens.get(tenant);
    if (token == null) {
      throw new IllegalArgumentException("there is no tenant " + tenant);
    }
    return token;
  }

  /** Opens a session as a program with this environment does. */
  public RemoteCuda connect(String tenant, String... variables) throws ConnectionException {
    Surroundings around = new Surroundings(environment(tenant, variables), folder, folder);
    return RemoteCuda.connect(ClientSettings.of(Map.of(), around));
  }

  /** Asks and tells a member as its operator. */
  public AdminClient admin(String member) throws ConnectionException {
    return AdminClient.open(
        ConnectionSettings.parse(server(member))
            .withCaFile(folder.resolve("state/ca.pem"))
            .withToken(token("ops")));
  }

  /** Waits until a member knows that just these can be reached and let sessions in. */
  public void awaitMembers(String asked, String... names) {
    Await.success(
        () -> {
          try (AdminClient admin = admin(asked)) {
            assertThat(admin.members().getMembersList())
                .filteredOn(each -> each.getReachable() && each.getState().getServing())
                .extracting(each -> each.getState().getName())
                .containsExactlyInAnyOrder(names);
          }
          return true;
        });
  }

  /**
   * Waits until a program has more memory on one of two members, and names that.
   *
   * @param bytes so much more at least
   */
  public String whoHasMore(String program, long bytes, String one, String other) {
    return Await.success(
        () -> {
          long difference = memoryOf(program, one) - memoryOf(program, other);
          assertThat(Math.abs(difference)).isGreaterThan(bytes);
          return difference > 0 ? one : other;
        });
  }

  private long memoryOf(String program, String member) throws ConnectionException {
    try (AdminClient admin = admin(member)) {
      List<SessionState> sessions =
          admin.state().getSessionsList().stream()
              .filter(each -> each.getProgram().endsWith(program))
              .toList();
      // Those of a program that has just ended may still be there.
      assertThat(sessions).hasSize(1);
      return sessions.get(0).getMemoryBytes();
    }
  }

  @Override
  public void close() {
    List.copyOf(running.keySet()).forEach(this::stop);
  }
}
