// SPDX-License-Identifier: Apache-2.0
package io.remora.server.config;

import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Where a server keeps what it makes itself: its own certificate, tenants file and token. */
public final class StateDirectory {
  private StateDirectory() {}

  /**
   * The directory of this user: {@code REMORA_STATE_DIR}, or {@code remora} in the XDG state
   * directory. Clients look there for the server on their machine.
   */
  public static Path ofUser(Map<String, String> environment, Path home) {
    String chosen = environment.get("REMORA_STATE_DIR");
    if (isGiven(chosen)) {
      return Path.of(chosen).toAbsolutePath();
    }
    String state = environment.get("XDG_STATE_HOME");
    // The XDG specification says that relative paths are invalid and to be ignored.
    Path base =
        isGiven(state) && Path.of(state).isAbsolute()
            ? Path.of(state)
            : home.resolve(".local/state");
    return base.resolve("remora");
  }

  /** The directory of the user who runs this process. */
  public static Path ofProcess() {
    return ofUser(System.getenv(), Path.of(System.getProperty("user.home", "/")));
  }

  private static boolean isGiven(@Nullable String value) {
    return value != null && !value.isBlank();
  }
}
