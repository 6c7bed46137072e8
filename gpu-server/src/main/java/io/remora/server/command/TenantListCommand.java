// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import io.remora.command.RemoraCommand;
import io.remora.config.ByteSize;
import io.remora.server.tenant.Tenant;
import io.remora.server.tenant.TenantsFile;
import io.remora.server.tenant.TokenEntry;
import java.nio.file.Files;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ParentCommand;

/** {@code remora tenant list}. */
@Command(name = "list", description = "Show the tenants; tokens can't be shown again.")
final class TenantListCommand implements RemoraCommand {
  private static final List<String> HEADINGS =
      List.of(
          "NAME",
          "WEIGHT",
          "CLASS",
          "ISOLATION",
          "MEMORY",
          "SESSIONS",
          "DEVICES",
          "EXPIRES",
          "TOKENS");

  @ParentCommand private @Nullable TenantCommand parent;

  @Override
  public Integer call() {
    TenantOutput output = TenantOutput.of(parent);
    if (!Files.exists(output.file())) {
      output.line(
          "There is no tenants file " + output.file() + " yet: `remora tenant add NAME` makes it.");
      return OK;
    }
    Instant now = Instant.now();
    List<List<String>> rows = new ArrayList<>();
    rows.add(HEADINGS);
    TenantsFile.read(output.file()).forEach(tenant -> rows.add(row(tenant, now)));
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int column = 0; column < row.size(); column++) {
        int width = width(rows, column);
        line.append(String.format(Locale.ROOT, "%-" + (width + 2) + "s", row.get(column)));
      }
      output.line(line.toString().stripTrailing());
    }
    return OK;
  }

  private static int width(List<List<String>> rows, int column) {
    return rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(1);
  }

  private static List<String> row(Tenant tenant, Instant now) {
    Long memory = tenant.memoryBytes();
    Instant expires = tenant.expires();
    String devices =
        tenant.devices().stream().sorted().map(String::valueOf).collect(Collectors.joining(","));
    return List.of(
        tenant.name(),
        String.valueOf(tenant.weight()),
        tenant.tenantClass().name().toLowerCase(Locale.ROOT),
        tenant.isolation().name().toLowerCase(Locale.ROOT),
        memory == null ? "all" : ByteSize.format(memory),
        String.valueOf(tenant.sessionsMax()),
        devices.isEmpty() ? "all" : devices,
        expires == null ? "never" : expires + (tenant.hasExpired(now) ? " (expired)" : ""),
        tokens(tenant, now));
  }

  private static String tokens(Tenant tenant, Instant now) {
    List<String> parts = new ArrayList<>();
    int dead = 0;
    for (TokenEntry token : tenant.tokens()) {
      if (!token.isLive(now)) {
        dead++;
      } else {
        parts.add(token.id() + (token.expires() == null ? "" : " until " + token.expires()));
      }
    }
    if (dead > 0) {
      parts.add(dead + " revoked or expired");
    }
    return parts.isEmpty() ? "none" : String.join(", ", parts);
  }
}
