// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import io.remora.command.RemoraCommand;
import io.remora.server.tenant.TenantChanges;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code remora tenant revoke}. */
@Command(
    name = "revoke",
    description = "Revoke all tokens of a tenant; its sessions on a running server end.")
final class TenantRevokeCommand implements RemoraCommand {
  @ParentCommand private @Nullable TenantCommand parent;

  @Parameters(paramLabel = "NAME", description = "The tenant's name.")
  private String name = "";

  @Override
  public Integer call() {
    TenantOutput output = TenantOutput.of(parent);
    int revoked = TenantChanges.revoke(output.file(), name);
    output.line(
        "Revoked "
            + revoked
            + (revoked == 1 ? " token" : " tokens")
            + " of tenant '"
            + name
            + "'. A running server ends its sessions within a second; `remora tenant rotate "
            + name
            + "` lets it in again.");
    return OK;
  }
}
