// SPDX-License-Identifier: Apache-2.0
package io.remora.it.run;

import io.remora.it.process.ServerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The launcher of the checkout with the classes of this test, in an environment in which nothing is
 * configured.
 */
final class Launcher {
  private static final Path FILE = Path.of("..", "remora").toAbsolutePath().normalize();

  private final Path folder;

  /**
   * @param folder takes the state directory and the errors of each run
   */
  Launcher(Path folder) {
    this.folder = folder;
  }

  /** Prepares {@code remora} with these words; its standard error goes to a file. */
  ProcessBuilder remora(String... words) throws IOException {
    List<String> all = new ArrayList<>(List.of(FILE.toString()));
    all.addAll(List.of(words));
    ProcessBuilder builder = new ProcessBuilder(all);
    Map<String, String> environment = builder.environment();
    environment.keySet().removeIf(name -> name.startsWith("REMORA_") || name.startsWith("XDG_"));
    environment.put("REMORA_CLASS_PATH", System.getProperty("java.class.path"));
    environment.put("REMORA_STATE_DIR", stateDirectory().toString());
    environment.put("XDG_CONFIG_HOME", folder.toString());
    environment.put("JAVA_HOME", System.getProperty("java.home"));
    return builder
        .directory(folder.toFile())
        .redirectError(Files.createTempFile(folder, "error", ".txt").toFile());
  }

  /** Prepares {@code remora run} for a server's own tenant. */
  ProcessBuilder run(ServerProcess server, String... words) throws IOException {
    ProcessBuilder builder = run(words);
    Map<String, String> environment = builder.environment();
    environment.put("REMORA_SERVER", "127.0.0.1:" + server.port());
    environment.put("REMORA_CA", server.readyValue("ca").orElseThrow());
    environment.put("REMORA_TOKEN_FILE", server.readyValue("token_file").orElseThrow());
    return builder;
  }

  /** Prepares {@code remora run}. */
  ProcessBuilder run(String... words) throws IOException {
    List<String> all = new ArrayList<>(List.of("run"));
    all.addAll(List.of(words));
    return remora(all.toArray(String[]::new));
  }

  /** Prepares {@code remora run} for commands that don't use the GPU. */
  ProcessBuilder runAnything(String... words) throws IOException {
    ProcessBuilder builder = run(words);
    builder.environment().put("REMORA_SERVER", "127.0.0.1:1");
    return builder;
  }

  Path stateDirectory() {
    return folder.resolve("state");
  }
}
