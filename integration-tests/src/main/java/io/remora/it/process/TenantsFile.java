// SPDX-License-Identifier: Apache-2.0
package io.remora.it.process;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A tenants file, kept as an operator keeps it: by {@code remora tenant}.
 *
 * @param file the file, made by the first tenant
 */
public record TenantsFile(Path file) {
  private static final Duration COMMAND_TIME_MAX = Duration.ofSeconds(60);
  private static final Pattern TOKEN = Pattern.compile("\\brmr_\\w+\\b");

  /**
   * Adds a tenant.
   *
   * @param options further options of {@code remora tenant add}
   * @return its token
   */
  public String add(String name, String... options) {
    return token("add", name, options);
  }

  /** Gives a tenant a new token. */
  public String rotate(String name, String... options) {
    return token("rotate", name, options);
  }

  /** Takes a tenant's tokens away. */
  public void revoke(String name) {
    try (JavaProcess command = start("revoke", name)) {
      requireSuccess(command);
    }
  }

  private String token(String verb, String name, String... options) {
    try (JavaProcess command = start(verb, name, options)) {
      Matcher token = TOKEN.matcher(command.awaitLine("rmr_", COMMAND_TIME_MAX));
      requireSuccess(command);
      if (!token.find()) {
        throw new IllegalStateException("remora tenant " + verb + " printed no token");
      }
      return token.group();
    }
  }

  private JavaProcess start(String verb, String name, String... options) {
    List<String> arguments = new ArrayList<>(List.of("tenant", verb, name));
    arguments.addAll(List.of(options));
    arguments.addAll(List.of("--tenants", file.toString()));
    return JavaProcess.start(
        List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"),
        "io.remora.cli.Main",
        arguments,
        Map.of(),
        file.resolveSibling("tenant.log"));
  }

  private static void requireSuccess(JavaProcess command) {
    int status = command.awaitExit();
    if (status != 0) {
      throw new IllegalStateException(
          "remora tenant ended with status " + status + "\n" + command.errorText());
    }
  }
}
