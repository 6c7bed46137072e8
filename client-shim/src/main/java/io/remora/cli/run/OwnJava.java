// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.run;

import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The command line of this very installation, for another process of it. */
final class OwnJava {
  private static final String MAIN = "io.remora.cli.Main";

  /** The launcher's flags for commands that end soon. */
  private static final Set<String> BRIEF = Set.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

  private OwnJava() {}

  /** A command that ends soon. */
  static List<String> brief(String... arguments) {
    return command(flags(), arguments);
  }

  /** A command that stays and computes. */
  static List<String> lasting(String... arguments) {
    List<String> flags = flags();
    flags.removeAll(BRIEF);
    return command(flags, arguments);
  }

  private static List<String> flags() {
    List<String> flags = new ArrayList<>(ManagementFactory.getRuntimeMXBean().getInputArguments());
    flags.removeIf(flag -> flag.startsWith("-Dremora.run."));
    return flags;
  }

  private static List<String> command(List<String> flags, String... arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(flags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN));
    command.addAll(List.of(arguments));
    return command;
  }
}
