// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.command.RemoraCommand;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.Test;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

final class CommandRunnerTest {
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();

  private int run(String... arguments) {
    return new CommandRunner(
            new Commands(List.of(Failing.class, Greeting.class)),
            new PrintWriter(out),
            new PrintWriter(err))
        .run(arguments);
  }

  @Test
  void theStatusOfTheCommandIsTheStatusOfTheProgram() {
    assertThat(run("devices", "--name", "shark")).isZero();
    assertThat(out).hasToString("hello shark\n");
    assertThat(run("devices", "--name", "")).isEqualTo(RemoraCommand.FAILURE);
  }

  @Test
  void anArgumentWithAnAtSignIsAnArgument() {
    assertThat(run("devices", "--name", "@shark")).isZero();
    assertThat(out).hasToString("hello @shark\n");
  }

  @Test
  void noArgumentsAndHelpListTheCommandsInTheirFixedOrder() {
    assertThat(run()).isZero();
    String text = out.toString();
    assertThat(text.indexOf("devices")).isPositive().isLessThan(text.indexOf("server"));
    assertThat(run("help")).isZero();
    assertThat(run("--help")).isZero();
    assertThat(out).hasToString(text + text + text);
  }

  @Test
  void helpOfACommandShowsItsOptions() {
    assertThat(run("help", "devices")).isZero();
    assertThat(out.toString()).contains("remora devices").contains("--name").contains("--debug");
  }

  @Test
  void anExceptionBecomesOneLineWithWhatItsCausesAdd() {
    assertThat(run("server")).isEqualTo(RemoraCommand.FAILURE);
    assertThat(err).hasToString("remora: the server did not start: port 7443 is taken\n");
  }

  @Test
  void debugShowsTheStackTrace() {
    assertThat(run("server", "--debug")).isEqualTo(RemoraCommand.FAILURE);
    assertThat(err.toString()).contains("port 7443 is taken").contains("\tat ");
  }

  @Test
  void anIllegalArgumentIsWrongUsage() {
    assertThat(run("server", "--listen", "nonsense")).isEqualTo(RemoraCommand.USAGE);
    assertThat(err).hasToString("remora: --listen: 'nonsense' is not HOST:PORT\n");
  }

  @Test
  void unknownCommandsAndOptionsAreWrongUsage() {
    assertThat(run("devises")).isEqualTo(RemoraCommand.USAGE);
    assertThat(err.toString())
        .contains("There is no command 'devises'")
        .contains("Try 'remora --help'.");
    assertThat(run("devices", "--nam", "x")).isEqualTo(RemoraCommand.USAGE);
    assertThat(err.toString()).contains("Unknown option").contains("Try 'remora devices --help'.");
  }

  @Test
  void theVersionIsShown() {
    assertThat(run("--version")).isZero();
    assertThat(out.toString()).startsWith("remora ").contains("Java ");
  }

  /** A command that says hello, in the place of a real one. */
  @Command(name = "devices", description = "Says hello.")
  public static final class Greeting implements RemoraCommand {
    @Spec private CommandSpec spec;

    @Option(names = "--name")
    private String name = "";

    @Override
    public Integer call() {
      if (name.isEmpty()) {
        return FAILURE;
      }
      spec.commandLine().getOut().println("hello " + name);
      return OK;
    }
  }

  /** A command that always fails, in the place of a real one. */
  @Command(name = "server", description = "Fails.")
  public static final class Failing implements RemoraCommand {
    @Option(names = "--listen")
    private String listen = "localhost:7443";

    @Override
    public Integer call() {
      if (!listen.contains(":")) {
        throw new IllegalArgumentException("--listen: '" + listen + "' is not HOST:PORT");
      }
      throw new IllegalStateException(
          "the server did not start", new java.net.BindException("port 7443 is taken"));
    }
  }
}
