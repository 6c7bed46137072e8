// SPDX-License-Identifier: Apache-2.0
package io.remora.client.config;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a process finds around itself, as far as settings depend on it.
 *
 * @param environment the environment variables
 * @param workingDirectory where relative paths of flags and variables begin
 * @param home the user's home directory
 */
public record Surroundings(Map<String, String> environment, Path workingDirectory, Path home) {
  /** The file's name in the working directory and in the user's configuration directory. */
  private static final String FILE = "remora.yaml";

  public Surroundings {
    environment = Map.copyOf(environment);
  }

  /** The surroundings of this process. */
  public static Surroundings ofProcess() {
    return new Surroundings(
        System.getenv(),
        Path.of("").toAbsolutePath(),
        Path.of(System.getProperty("user.home", "/")));
  }

  /** Answers a variable's value; null if it is absent or empty. */
  public @Nullable String variable(String name) {
    String value = environment.get(name);
    return value == null || value.isBlank() ? null : value;
  }

  Path fileOfDirectory() {
    return workingDirectory.resolve(FILE);
  }

  Path fileOfUser() {
    return base("XDG_CONFIG_HOME", ".config").resolve("remora").resolve(FILE);
  }

  /** Where a server on this machine leaves what its user needs to connect. */
  public Path localCredentials() {
    String folder = variable("REMORA_STATE_DIR");
    Path state =
        folder == null
            ? base("XDG_STATE_HOME", ".local/state").resolve("remora")
            : workingDirectory.resolve(folder);
    return state.resolve("local.yaml");
  }

  private Path base(String variable, String otherwise) {
    String folder = variable(variable);
    // The XDG specification says that relative paths are invalid and to be ignored.
    return folder != null && Path.of(folder).isAbsolute()
        ? Path.of(folder)
        : home.resolve(otherwise);
  }
}
