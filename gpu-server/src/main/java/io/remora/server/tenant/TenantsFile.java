// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import io.remora.config.ByteSize;
import io.remora.config.ConfigFile;
import io.remora.config.ConfigSection;
import io.remora.server.files.PrivateFiles;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The YAML file of the tenants. Whoever changes it does so through {@link #update}, which holds a
 * lock file beside it and replaces the file as a whole, so that a reader never sees half of it.
 */
public final class TenantsFile {
  private static final Pattern ID = Pattern.compile("[0-9a-f]{16}");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");
  private static final String HEADER =
      """
      # The tenants of a Remora server. `remora tenant` rewrites this file as a whole, without
      # comments; a running server reads it again within a second. The keys are explained in
      # docs/operating.md. Tokens are stored as SHA-256 and can't be recovered.
      """;

  private TenantsFile() {}

  /**
   * Reads a file.
   *
   * @throws io.remora.config.ConfigException with every mistake and its line
   */
  public static List<Tenant> read(Path file) {
    return ConfigFile.read(file, TenantsFile::tenants);
  }

  /** Takes the keys of the file; also tells what keys there are. */
  public static List<Tenant> tenants(ConfigSection top) {
    Set<String> names = new HashSet<>();
    Set<String> ids = new HashSet<>();
    return top.sections("tenants", section -> tenant(section, names, ids));
  }

  private static Tenant tenant(ConfigSection section, Set<String> names, Set<String> ids) {
    String name = section.requiredText("name");
    if (section.has("name") && !Tenant.isName(name)) {
      section.problem("name", "must be " + Tenant.NAME_FORM);
    } else if (section.has("name") && !names.add(name)) {
      section.problem("name", "is given to two tenants");
    }
    return new Tenant(
        name,
        section.integer("weight", 1, Tenant.WEIGHT_MAX, 1),
        section.choice("class", TenantClass.NORMAL),
        section.choice("isolation", Isolation.GUARDED),
        section.bytes("memory").orElse(null),
        section.integer("sessions", 0, Tenant.SESSIONS_MAX, Tenant.SESSIONS_DEFAULT),
        Set.copyOf(new HashSet<>(section.integers("devices", 0, Tenant.DEVICE_MAX))),
        section.instant("expires").orElse(null),
        TenantTerms.limits(section.section("limits")),
        TenantTerms.queue(section.section("queue")),
        section.sections("tokens", token -> token(token, ids)));
  }

  private static TokenEntry token(ConfigSection section, Set<String> ids) {
    String id = section.requiredText("id");
    if (section.has("id") && !ID.matcher(id).matches()) {
      section.problem("id", "must be 16 hexadecimal digits: the part of the token after rmr_");
    } else if (section.has("id") && !ids.add(id)) {
      section.problem("id", "is given to two tokens");
    }
    String sha256 = section.requiredText("sha256");
    if (section.has("sha256") && !SHA256.matcher(sha256).matches()) {
      section.problem("sha256", "must be 64 hexadecimal digits in lower case");
    }
    return new TokenEntry(
        id,
        sha256,
        section.instant("created").orElse(null),
        section.instant("expires").orElse(null),
        section.flag("revoked", false));
  }

  /**
   * Changes a file, which is made if it doesn't exist, while no other process does.
   *
   * @param change from the tenants that are in the file to those that shall be
   * @return what the file holds now
   * @throws io.remora.config.ConfigException if the file is broken; it stays as it is
   */
  public static List<Tenant> update(Path file, UnaryOperator<List<Tenant>> change) {
    try {
      return PrivateFiles.alone(
          file,
          () -> {
            List<Tenant> before = Files.exists(file) ? read(file) : List.of();
            List<Tenant> after = change.apply(before);
            // What is the same keeps the form and the comments that its operator gave it.
            if (!Files.exists(file) || !after.equals(before)) {
              PrivateFiles.write(file, format(after));
            }
            return after;
          });
    } catch (IOException e) {
      throw new UncheckedIOException("can't write the tenants file " + file, e);
    }
  }

  /** The file's text. */
  static String format(List<Tenant> tenants) {
    StringBuilder text = new StringBuilder(HEADER);
    text.append(tenants.isEmpty() ? "tenants: []\n" : "tenants:\n");
    for (Tenant tenant : tenants) {
      line(text, "  - name", tenant.name());
      line(text, "    weight", tenant.weight());
      line(text, "    class", tenant.tenantClass().name().toLowerCase(Locale.ROOT));
      // Members of a pool share the file, and those of an older version don't know the key.
      if (tenant.isolation() != Isolation.GUARDED) {
        line(text, "    isolation", tenant.isolation().name().toLowerCase(Locale.ROOT));
      }
      Long memory = tenant.memoryBytes();
      if (memory != null) {
        line(text, "    memory", ByteSize.format(memory));
      }
      line(text, "    sessions", tenant.sessionsMax());
      if (!tenant.devices().isEmpty()) {
        line(text, "    devices", devices(tenant));
      }
      Instant expires = tenant.expires();
      if (expires != null) {
        line(text, "    expires", expires);
      }
      TenantTerms.format(text, tenant);
      text.append(tenant.tokens().isEmpty() ? "    tokens: []\n" : "    tokens:\n");
      tenant.tokens().forEach(token -> format(text, token));
    }
    return text.toString();
  }

  private static void format(StringBuilder text, TokenEntry token) {
    // Quoted: an id of digits only would be read as a number by other programs.
    line(text, "      - id", "\"" + token.id() + "\"");
    line(text, "        sha256", "\"" + token.sha256() + "\"");
    Instant created = token.created();
    if (created != null) {
      line(text, "        created", created);
    }
    Instant expires = token.expires();
    if (expires != null) {
      line(text, "        expires", expires);
    }
    if (token.revoked()) {
      line(text, "        revoked", true);
    }
  }

  private static String devices(Tenant tenant) {
    return tenant.devices().stream()
        .sorted()
        .map(String::valueOf)
        .collect(Collectors.joining(", ", "[", "]"));
  }

  private static void line(StringBuilder text, String key, Object value) {
    text.append(key).append(": ").append(value).append('\n');
  }
}
