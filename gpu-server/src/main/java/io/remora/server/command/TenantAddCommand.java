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
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** {@code remora tenant add}. */
@Command(name = "add", description = "Add a tenant and print its token, once.")
final class TenantAddCommand implements RemoraCommand {
  @ParentCommand private @Nullable TenantCommand parent;

  @Parameters(paramLabel = "NAME", description = "The tenant's name.")
  private String name = "";

  @Option(names = "--weight", description = "Share of a device beside others. Default: 1.")
  private int weight = 1;

  @Option(
      names = "--class",
      paramLabel = "latency|normal|batch",
      description = "How its work is queued. Default: normal.")
  private TenantClass tenantClass = TenantClass.NORMAL;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = "Device memory of all its sessions, like 4GiB. Default: what there is.")
  private @Nullable String memory;

  @Option(names = "--sessions", description = "Sessions at once. Default: 64.")
  private int sessions = Tenant.SESSIONS_DEFAULT;

  @Option(
      names = "--devices",
      paramLabel = "LIST",
      description = "Ordinals of the devices it may use, like 0,2. Default: all.")
  private @Nullable String devices;

  @Option(
      names = "--expires",
      paramLabel = "WHEN",
      description = "A date, a moment, or a time from now like 90d. Default: never.")
  private @Nullable String expires;

  @Option(
      names = {"-q", "--quiet"},
      description = "Print the token and nothing else.")
  private boolean quiet;

  @Override
  public Integer call() {
    TenantOutput output = TenantOutput.of(parent);
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    Tenant tenant =
        new Tenant(
            TenantFields.name(name),
            TenantFields.between("--weight", weight, 1, Tenant.WEIGHT_MAX),
            tenantClass,
            memory == null ? null : TenantFields.memory(memory),
            TenantFields.between("--sessions", sessions, 0, Tenant.SESSIONS_MAX),
            devices == null ? Set.of() : TenantFields.devices(devices),
            expires == null ? null : TenantFields.expiry(expires, now),
            List.of());
    Token token = TenantChanges.add(output.file(), tenant, now, new SecureRandom());
    output.token("Added tenant '" + name + "' to " + output.file() + ".", token, quiet);
    return OK;
  }
}
