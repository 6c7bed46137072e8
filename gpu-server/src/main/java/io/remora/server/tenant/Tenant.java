// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One tenant as the tenants file describes it.
 *
 * @param name unique in the file
 * @param weight share of a device beside other tenants, 1 to {@link #WEIGHT_MAX}
 * @param tenantClass how its work is queued
 * @param isolation what keeps its kernels from others' memory
 * @param memoryBytes device memory of all its sessions together; null: as much as the devices have
 * @param sessionsMax how many sessions it may have at once
 * @param devices ordinals that it may use; empty: all
 * @param expires from when it is refused and its sessions end; null: never
 * @param limits of what its sessions may hold and do
 * @param queue what becomes of its work that waits
 * @param tokens newest last
 */
public record Tenant(
    String name,
    int weight,
    TenantClass tenantClass,
    Isolation isolation,
    @Nullable Long memoryBytes,
    int sessionsMax,
    Set<Integer> devices,
    @Nullable Instant expires,
    TenantLimits limits,
    QueuePolicy queue,
    List<TokenEntry> tokens) {
  /** The largest weight. */
  public static final int WEIGHT_MAX = 1000;

  /** The largest session limit. */
  public static final int SESSIONS_MAX = 10_000;

  /** The session limit of a tenant for which none is given. */
  public static final int SESSIONS_DEFAULT = 64;

  /** The largest device ordinal that can be named. */
  public static final int DEVICE_MAX = 255;

  /** What a name may be, for messages. */
  public static final String NAME_FORM =
      "1 to 64 letters, digits, dots, dashes or underscores, the first a letter or digit";

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");

  public Tenant {
    devices = Set.copyOf(devices);
    tokens = List.copyOf(tokens);
  }

  /** Whether it may use a device of the server. */
  public boolean mayUse(int ordinal) {
    return devices.isEmpty() || devices.contains(ordinal);
  }

  /** A tenant with the usual limits. */
  public Tenant(
      String name,
      int weight,
      TenantClass tenantClass,
      @Nullable Long memoryBytes,
      int sessionsMax,
      Set<Integer> devices,
      @Nullable Instant expires,
      List<TokenEntry> tokens) {
    this(
        name,
        weight,
        tenantClass,
        Isolation.GUARDED,
        memoryBytes,
        sessionsMax,
        devices,
        expires,
        TenantLimits.DEFAULT,
        QueuePolicy.DEFAULT,
        tokens);
  }

  /** True if a tenant can have this name. */
  public static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  /** True if the tenant as a whole has expired. */
  public boolean hasExpired(Instant now) {
    return expires != null && !now.isBefore(expires);
  }

  /** This tenant with another isolation. */
  public Tenant withIsolation(Isolation changed) {
    return new Tenant(
        name,
        weight,
        tenantClass,
        changed,
        memoryBytes,
        sessionsMax,
        devices,
        expires,
        limits,
        queue,
        tokens);
  }

  /** This tenant with other tokens. */
  public Tenant withTokens(List<TokenEntry> changed) {
    return new Tenant(
        name,
        weight,
        tenantClass,
        isolation,
        memoryBytes,
        sessionsMax,
        devices,
        expires,
        limits,
        queue,
        changed);
  }
}
