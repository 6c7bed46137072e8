// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import io.remora.command.RemoraCommand;
import io.remora.server.tenant.TenantChanges;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code remora tenant set}. */
@Command(name = "set", description = "Change a tenant; what isn't named stays as it is.")
final class TenantSetCommand implements RemoraCommand {
  @ParentCommand private @Nullable TenantCommand parent;

  @Parameters(paramLabel = "NAME", description = "The tenant's name.")
  private String name = "";

  @Mixin private TenantOptions options = new TenantOptions();

  @Override
  public Integer call() {
    TenantOutput output = TenantOutput.of(parent);
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    TenantChanges.set(output.file(), name, before -> options.applyTo(before, now));
    output.line(
        "Changed tenant '"
            + name
            + "' in "
            + output.file()
            + ". A running server and its sessions feel it within a second.");
    return OK;
  }
}
