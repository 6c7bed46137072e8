// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import io.remora.command.RemoraCommand;
import io.remora.server.tenant.TenantChanges;
import io.remora.server.tenant.Token;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code remora tenant rotate}. */
@Command(
    name = "rotate",
    description = {
      "Give a tenant a new token and print it, once.",
      "The one before it opens sessions for the grace time; older ones stop at once."
    })
final class TenantRotateCommand implements RemoraCommand {
  @ParentCommand private @Nullable TenantCommand parent;

  @Parameters(paramLabel = "NAME", description = "The tenant's name.")
  private String name = "";

  @Option(
      names = "--grace",
      paramLabel = "TIME",
      description = "How long the old token opens sessions, like 1h. Default: 24h.")
  private String grace = "24h";

  @Option(
      names = {"-q", "--quiet"},
      description = "Print the token and nothing else.")
  private boolean quiet;

  @Override
  public Integer call() {
    TenantOutput output = TenantOutput.of(parent);
    Duration time = TenantFields.grace(grace);
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    Token token = TenantChanges.rotate(output.file(), name, time, now, new SecureRandom());
    String after = time.isZero() ? "no more from now on" : "for " + grace + " more";
    output.token(
        "Tenant '" + name + "' has a new token. The old one opens sessions " + after + ".",
        token,
        quiet);
    return OK;
  }
}
