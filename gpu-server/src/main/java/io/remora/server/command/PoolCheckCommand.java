// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import io.remora.command.RemoraCommand;
import io.remora.command.Subcommand;
import io.remora.server.pool.PoolFile;
import io.remora.server.pool.PoolToken;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code remora pool check}: reads a pool's file as a server does. */
@Subcommand(of = "pool")
@Command(
    name = "check",
    description = "Reads a pool's file and says what is wrong with it; asks no server.")
public final class PoolCheckCommand implements RemoraCommand {
  @Spec private @Nullable CommandSpec spec;

  @Parameters(paramLabel = "FILE", description = "The pool's file.")
  private @Nullable Path file;

  @Override
  public Integer call() {
    PoolFile pool = PoolFile.read(Objects.requireNonNull(file));
    Path token = pool.tokenFile();
    if (token != null) {
      PoolToken unused = PoolToken.read(token);
    }
    PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
    String members =
        switch (pool.discovery()) {
          case "list" -> pool.members().size() + " members";
          case "dns" -> "members found by the addresses of " + pool.dns();
          default -> "members found in etcd";
        };
    out.println(
        file
            + " is in order: pool '"
            + pool.name()
            + "', policy "
            + pool.policy().word()
            + ", "
            + members);
    out.flush();
    return OK;
  }
}
