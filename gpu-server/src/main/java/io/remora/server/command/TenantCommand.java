// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import io.remora.command.RemoraCommand;
import io.remora.server.config.StateDirectory;
import java.io.PrintWriter;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code remora tenant}: who may use a server. */
@Command(
    name = "tenant",
    description = "Add, change, list, rotate and revoke the tenants of a server.",
    synopsisSubcommandLabel = "add|set|list|rotate|revoke",
    subcommands = {
      TenantAddCommand.class,
      TenantSetCommand.class,
      TenantListCommand.class,
      TenantRotateCommand.class,
      TenantRevokeCommand.class
    },
    footer = {"", "A running server sees the change within a second. See docs/operating.md."})
public final class TenantCommand implements RemoraCommand {
  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = "--tenants",
      paramLabel = "FILE",
      scope = ScopeType.INHERIT,
      description = "The tenants file. Default: the one of this user's server on loopback.")
  private @Nullable Path tenants;

  /** The file to work on. */
  Path file() {
    return tenants == null
        ? StateDirectory.ofProcess().resolve("tenants.yaml")
        : tenants.toAbsolutePath();
  }

  /** Where to print. */
  PrintWriter out() {
    return line().getOut();
  }

  private CommandLine line() {
    if (spec == null) {
      throw new IllegalStateException("picocli sets the spec before it calls a command");
    }
    return spec.commandLine();
  }

  @Override
  public Integer call() {
    throw new ParameterException(line(), "Say what to do: tenant add, set, list, rotate or revoke");
  }
}
