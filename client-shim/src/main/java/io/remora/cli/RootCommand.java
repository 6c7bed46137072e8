// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** {@code remora} itself: what it says about itself, and the options of every command. */
@Command(
    name = "remora",
    header = "Remora runs CUDA programs on a GPU that is somewhere else.",
    synopsisSubcommandLabel = "COMMAND",
    versionProvider = Version.class,
    optionListHeading = "%nOptions:%n",
    commandListHeading = "%nCommands:%n",
    footer = {
      "",
      "`remora help COMMAND` shows a command's options.",
      "In a checkout, `./remora test` builds everything and runs the whole test suite.",
      "Exit status: 0 done, 1 it failed or is not in order, 2 wrong usage or configuration."
    })
final class RootCommand {
  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Show the stack trace of a failure.")
  private boolean debug;

  boolean debug() {
    return debug;
  }
}
