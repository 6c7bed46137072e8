// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.command.RemoraCommand;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/** Runs one command and turns whatever goes wrong into one line and an exit status. */
final class CommandRunner {
  private static final int CAUSES_MAX = 8;
  private static final String OWN_PACKAGES = "io.remora.";

  private final Commands commands;
  private final PrintWriter out;
  private final PrintWriter err;

  CommandRunner(Commands commands, PrintWriter out, PrintWriter err) {
    this.commands = commands;
    this.out = out;
    this.err = err;
  }

  int run(String... given) {
    String[] arguments = withoutHelpWord(given);
    RootCommand root = new RootCommand();
    // Constructing only the command that is named keeps the start short.
    Commands wanted = commands.named(arguments[0]);
    CommandLine line = new CommandLine(root);
    line.getCommandSpec().addOption(helpOption()).addOption(versionOption());
    for (Class<? extends RemoraCommand> type : wanted.types()) {
      CommandLine command = new CommandLine(type);
      for (Class<? extends RemoraCommand> below : wanted.under(type)) {
        command.addSubcommand(Commands.name(below), below);
      }
      line.addSubcommand(Commands.name(type), command);
    }
    // An argument with an @ is no name of a file with more arguments.
    return line.setExpandAtFiles(false)
        .setOut(out)
        .setErr(err)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true)
        .setAbbreviatedSubcommandsAllowed(false)
        .setParameterExceptionHandler(this::wrongUsage)
        .setExecutionExceptionHandler((failure, at, parsed) -> failed(failure, root))
        .execute(arguments);
  }

  /** Answers {@code COMMAND --help} for {@code help COMMAND}, and {@code --help} for nothing. */
  private static String[] withoutHelpWord(String[] given) {
    if (given.length == 0 || (given.length == 1 && given[0].equals("help"))) {
      return new String[] {"--help"};
    }
    return given[0].equals("help") ? new String[] {given[1], "--help"} : given;
  }

  private static OptionSpec helpOption() {
    return OptionSpec.builder("-h", "--help")
        .usageHelp(true)
        .scopeType(ScopeType.INHERIT)
        .description("Show this text.")
        .build();
  }

  private static OptionSpec versionOption() {
    return OptionSpec.builder("-V", "--version")
        .versionHelp(true)
        .description("Show the version.")
        .build();
  }

  private int wrongUsage(ParameterException wrong, String[] arguments) {
    String name = wrong.getCommandLine().getCommandSpec().qualifiedName();
    boolean unknownCommand = name.equals("remora") && !arguments[0].startsWith("-");
    err.println(
        name
            + ": "
            + (unknownCommand ? "There is no command '" + arguments[0] + "'" : firstLine(wrong)));
    if (wrong instanceof UnmatchedArgumentException unmatched) {
      List<String> similar = unmatched.getSuggestions();
      if (!similar.isEmpty()) {
        err.println("Did you mean " + String.join(" or ", similar) + "?");
      }
    }
    err.println("Try '" + name + " --help'.");
    return RemoraCommand.USAGE;
  }

  private int failed(Exception failure, RootCommand root) {
    err.println("remora: " + describe(failure));
    if (root.debug()) {
      failure.printStackTrace(err);
    }
    return failure instanceof IllegalArgumentException
        ? RemoraCommand.USAGE
        : RemoraCommand.FAILURE;
  }

  /**
   * Answers the message, followed by what the first lines of the causes add to it. Our own
   * exceptions and those about arguments say it all in their message.
   */
  static String describe(Throwable failure) {
    String message = failure.getMessage();
    StringBuilder text =
        new StringBuilder(
            message == null || message.isBlank()
                ? failure.getClass().getSimpleName()
                : message.strip());
    boolean complete =
        failure instanceof IllegalArgumentException
            || failure.getClass().getName().startsWith(OWN_PACKAGES);
    Throwable cause = complete ? null : failure.getCause();
    for (int i = 0; cause != null && i < CAUSES_MAX; i++) {
      String more = firstLine(cause);
      if (text.indexOf(more) < 0) {
        text.append(": ").append(more);
      }
      cause = cause.getCause();
    }
    return text.toString();
  }

  private static String firstLine(Throwable failure) {
    String message = failure.getMessage();
    if (message == null || message.isBlank()) {
      return failure.getClass().getSimpleName();
    }
    return message.lines().findFirst().orElse(message);
  }
}
