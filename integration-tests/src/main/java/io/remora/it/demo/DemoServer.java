// SPDX-License-Identifier: Apache-2.0
package io.remora.it.demo;

import io.remora.client.ConnectionSettings;
import io.remora.it.process.ServerProcess;
import io.remora.it.process.TenantsFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * {@code remora server} in a process of its own, on a free loopback port, with tenants made by
 * {@code remora tenant add} and everything it keeps in a temporary folder. It ends with this
 * object, and with this process, however that ends.
 */
final class DemoServer implements AutoCloseable {
  private final Path folder;
  private final ServerProcess server;
  private final Map<String, String> tokens;
  private final Thread atExit;

  private DemoServer(Path folder, ServerProcess server, Map<String, String> tokens) {
    this.folder = folder;
    this.server = server;
    this.tokens = tokens;
    atExit = new Thread(server.process().process()::destroyForcibly, "end the demo's server");
    Runtime.getRuntime().addShutdownHook(atExit);
  }

  /**
   * Makes the tenants and starts the server.
   *
   * @param weights the tenants and their weights
   */
  static DemoServer start(Map<String, Integer> weights) throws IOException {
    Path folder = Files.createTempDirectory("remora-demo");
    try {
      TenantsFile tenants = new TenantsFile(folder.resolve("tenants.yaml"));
      Map<String, String> tokens = new LinkedHashMap<>();
      weights.forEach(
          (name, weight) -> tokens.put(name, tenants.add(name, "--weight", "" + weight)));
      List<String> arguments = List.of("--tenants", tenants.file().toString());
      return new DemoServer(folder, ServerProcess.start(folder, List.of(), arguments), tokens);
    } catch (RuntimeException e) {
      delete(folder);
      throw e;
    }
  }

  /** How a tenant reaches the server. */
  ConnectionSettings settings(String tenant) {
    Path ca =
        server
            .readyValue("ca")
            .map(Path::of)
            .orElseThrow(() -> new IllegalStateException("no CA in: " + server.readyLine()));
    return ConnectionSettings.of("127.0.0.1", server.port())
        .withCaFile(ca)
        .withToken(tokens.get(tenant));
  }

  /** For what the demo makes; removed with the server. */
  Path folder() {
    return folder;
  }

  String address() {
    return "127.0.0.1:" + server.port();
  }

  long processId() {
    return server.process().process().pid();
  }

  @Override
  public void close() {
    try {
      server.close();
    } catch (IllegalStateException e) {
      server.process().kill();
    }
    Runtime.getRuntime().removeShutdownHook(atExit);
    delete(folder);
  }

  private static void delete(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot remove " + folder, e);
    }
  }
}
