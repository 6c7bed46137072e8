// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import io.remora.command.RemoraCommand;
import io.remora.server.tenant.Tenant;
import io.remora.server.tenant.TenantChanges;
import io.remora.server.tenant.TenantClass;
import io.remora.server.tenant.Token;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code remora tenant add}. */
@Command(name = "add", description = "Add a tenant and print its token, once.")
final class TenantAddCommand implements RemoraCommand {
  @ParentCommand private @Nullable TenantCommand parent;

  @Parameters(paramLabel = "NAME", description = "The tenant's name.")
  private String name = "";

  @Mixin private TenantOptions options = new TenantOptions();

  @Option(
      names = {"-q", "--quiet"},
      description = "Print the token and nothing else.")
  private boolean quiet;

  @Override
  public Integer call() {
    TenantOutput output = TenantOutput.of(parent);
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    Tenant plain =
        new Tenant(
            TenantFields.name(name),
            1,
            TenantClass.NORMAL,
            null,
            Tenant.SESSIONS_DEFAULT,
            Set.of(),
            null,
            List.of());
    Tenant tenant = options.applyTo(plain, now);
    Token token = TenantChanges.add(output.file(), tenant, now, new SecureRandom());
    output.token("Added tenant '" + name + "' to " + output.file() + ".", token, quiet);
    return OK;
  }
}
