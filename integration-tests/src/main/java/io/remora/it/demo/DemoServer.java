// SPDX-License-Identifier: Apache-2.0
package io.remora.it.demo;

import io.remora.client.ConnectionSettings;
import io.remora.it.process.JavaProcess;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * {@code remora server} in a process of its own, on a free loopback port, with tenants made by
 * {@code remora tenant add} and everything it keeps in a temporary folder. It ends with this
 * object, and with this process, however that ends.
 */
final class DemoServer implements AutoCloseable {
  private static final String MAIN = "io.remora.cli.Main";
  private static final Duration START_TIME_MAX = Duration.ofSeconds(60);
  private static final Pattern READY =
      Pattern.compile("remora server ready on (\\S+):(\\d+)(?: .*?\\bca=(\"[^\"]*\"|\\S+))?.*");
  private static final Pattern TOKEN = Pattern.compile("\\brmr_\\w+\\b");
  private static final List<String> JVM_FLAGS =
      List.of("-XX:-DontCompileHugeMethods", "-Dfile.encoding=UTF-8");

  private final Path folder;
  private final JavaProcess process;
  private final String host;
  private final int port;
  private final Path ca;
  private final Map<String, String> tokens;
  private final Thread atExit;

  private DemoServer(Path folder, JavaProcess process, Map<String, String> tokens) {
    this.folder = folder;
    this.process = process;
    this.tokens = tokens;
    atExit = new Thread(process.process()::destroyForcibly, "end the demo's server");
    Runtime.getRuntime().addShutdownHook(atExit);
    String line = process.awaitLine("remora server ready", START_TIME_MAX);
    Matcher ready = READY.matcher(line);
    if (!ready.find() || ready.group(3) == null) {
      throw new IllegalStateException("the server did not say where it listens: " + line);
    }
    host = ready.group(1);
    port = Integer.parseInt(ready.group(2));
    ca = Path.of(ready.group(3).replace("\"", ""));
  }

  /**
   * Makes the tenants and starts the server.
   *
   * @param weights the tenants and their weights
   */
  static DemoServer start(Map<String, Integer> weights) throws IOException {
    Path folder = Files.createTempDirectory("remora-demo");
    JavaProcess process = null;
    try {
      Path tenants = folder.resolve("tenants.yaml");
      Map<String, String> tokens = new java.util.LinkedHashMap<>();
      for (Map.Entry<String, Integer> tenant : weights.entrySet()) {
        tokens.put(tenant.getKey(), addTenant(folder, tenants, tenant.getKey(), tenant.getValue()));
      }
      process =
          run(
              folder,
              List.of("server", "--listen", "127.0.0.1:0", "--tenants", tenants.toString()));
      return new DemoServer(folder, process, Map.copyOf(tokens));
    } catch (RuntimeException e) {
      if (process != null) {
        process.kill();
      }
      delete(folder);
      throw e;
    }
  }

  private static String addTenant(Path folder, Path tenants, String name, int weight) {
    try (JavaProcess command =
        run(
            folder,
            List.of(
                "tenant",
                "add",
                name,
                "--weight",
                Integer.toString(weight),
                "--tenants",
                tenants.toString()))) {
      Matcher token = TOKEN.matcher(command.awaitLine("rmr_", START_TIME_MAX));
      if (!token.find() || command.awaitExit() != 0) {
        throw new IllegalStateException("tenant add failed: " + command.errorText());
      }
      return token.group();
    }
  }

  private static JavaProcess run(Path folder, List<String> arguments) {
    return JavaProcess.start(
        JVM_FLAGS,
        MAIN,
        new ArrayList<>(arguments),
        Map.of("REMORA_STATE_DIR", folder.toString()),
        folder.resolve("server.log"));
  }

  /** How a tenant reaches the server. */
  ConnectionSettings settings(String tenant) {
    return ConnectionSettings.of(host, port).withCaFile(ca).withToken(tokens.get(tenant));
  }

  String address() {
    return host + ":" + port;
  }

  long processId() {
    return process.process().pid();
  }

  /** The end of the server's log, for failures that the client can't explain. */
  String log() {
    return process.errorText();
  }

  @Override
  public void close() {
    process.process().destroy();
    try {
      process.awaitExit();
    } catch (IllegalStateException e) {
      process.kill();
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
