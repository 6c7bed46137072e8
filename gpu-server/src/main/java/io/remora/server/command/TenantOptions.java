// SPDX-License-Identifier: Apache-2.0
package io.remora.server.command;

import io.remora.server.tenant.Isolation;
import io.remora.server.tenant.QueuePolicy;
import io.remora.server.tenant.Tenant;
import io.remora.server.tenant.TenantClass;
import io.remora.server.tenant.TenantLimits;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that describe a tenant; what isn't given stays as it is. */
final class TenantOptions {
  private static final String ALL = "all";
  private static final String NEVER = "never";

  @Option(names = "--weight", description = "Share of a device beside others. Default: 1.")
  private @Nullable Integer weight;

  @Option(
      names = "--class",
      paramLabel = "latency|normal|batch",
      description = "How its work is queued. Default: normal.")
  private @Nullable TenantClass tenantClass;

  @Option(
      names = "--isolation",
      paramLabel = "guarded|shared",
      description = {
        "What keeps its kernels from others' memory on a GPU. Default: guarded.",
        "Sessions that are open keep theirs."
      })
  private @Nullable Isolation isolation;

  @Option(
      names = "--memory",
      paramLabel = "SIZE",
      description = "Device memory of all its sessions, like 4GiB, or all. Default: all.")
  private @Nullable String memory;

  @Option(names = "--sessions", description = "Sessions at once. Default: 64.")
  private @Nullable Integer sessions;

  @Option(
      names = "--devices",
      paramLabel = "LIST",
      description = "Ordinals of the devices it may use, like 0,2, or all. Default: all.")
  private @Nullable String devices;

  @Option(
      names = "--expires",
      paramLabel = "WHEN",
      description = "A date, a moment, a time from now like 90d, or never. Default: never.")
  private @Nullable String expires;

  @Option(names = "--streams", description = "Streams at once.")
  private @Nullable Integer streams;

  @Option(names = "--events", description = "Events at once.")
  private @Nullable Integer events;

  @Option(names = "--modules", description = "Modules and libraries at once.")
  private @Nullable Integer modules;

  @Option(names = "--host-callbacks", description = "Host functions that have not run.")
  private @Nullable Integer hostCallbacks;

  @Option(names = "--image", paramLabel = "SIZE", description = "Size of one module image.")
  private @Nullable String image;

  @Option(
      names = "--upload",
      paramLabel = "SIZE",
      description = "Bytes a second from its clients, like 200MiB, or unlimited.")
  private @Nullable String upload;

  @Option(
      names = "--download",
      paramLabel = "SIZE",
      description = "Bytes a second to its clients, or unlimited.")
  private @Nullable String download;

  @Option(
      names = "--kernel-time",
      paramLabel = "TIME",
      description = "How long one kernel may run, like 10s, or unlimited.")
  private @Nullable String kernelTime;

  @Option(
      names = "--calls",
      paramLabel = "LIST",
      description = "Groups of calls that it may make, like streams,events, or all.")
  private @Nullable String calls;

  @Option(
      names = "--queue-when-full",
      paramLabel = "block|reject|timeout",
      description = "What happens to work that finds its queue full. Default: block.")
  private QueuePolicy.@Nullable WhenFull queueWhenFull;

  @Option(names = "--queue-calls", description = "Works in a session's queue. Default: 8192.")
  private @Nullable Integer queueCalls;

  @Option(
      names = "--queue-bytes",
      paramLabel = "SIZE",
      description = "Bytes that they hold. Default: 64MiB.")
  private @Nullable String queueBytes;

  @Option(
      names = "--queue-timeout",
      paramLabel = "TIME",
      description = "With timeout: how long work may wait. Default: 10s.")
  private @Nullable String queueTimeout;

  /**
   * The tenant with what was given.
   *
   * @throws IllegalArgumentException that names the option and what is allowed
   */
  Tenant applyTo(Tenant before, Instant now) {
    return new Tenant(
        before.name(),
        weight == null
            ? before.weight()
            : TenantFields.between("--weight", weight, 1, Tenant.WEIGHT_MAX),
        tenantClass == null ? before.tenantClass() : tenantClass,
        isolation == null ? before.isolation() : isolation,
        memoryOf(before),
        sessions == null
            ? before.sessionsMax()
            : TenantFields.between("--sessions", sessions, 0, Tenant.SESSIONS_MAX),
        devicesOf(before),
        expiryOf(before, now),
        limitsOf(before.limits()),
        queueOf(before.queue()),
        before.tokens());
  }

  private @Nullable Long memoryOf(Tenant before) {
    if (memory == null) {
      return before.memoryBytes();
    }
    return memory.equals(ALL) ? null : (Long) TenantFields.memory(memory);
  }

  private Set<Integer> devicesOf(Tenant before) {
    if (devices == null) {
      return before.devices();
    }
    return devices.equals(ALL) ? Set.of() : TenantFields.devices(devices);
  }

  private @Nullable Instant expiryOf(Tenant before, Instant now) {
    if (expires == null) {
      return before.expires();
    }
    return expires.equals(NEVER) ? null : TenantFields.expiry(expires, now);
  }

  private TenantLimits limitsOf(TenantLimits before) {
    int most = TenantLimits.OBJECTS_MAX;
    return new TenantLimits(
        count("--streams", streams, before.streams(), most),
        count("--events", events, before.events(), most),
        count("--modules", modules, before.modules(), most),
        count(
            "--host-callbacks", hostCallbacks, before.hostCallbacks(), TenantLimits.CALLBACKS_MAX),
        image == null
            ? before.imageBytes()
            : TenantFields.size("--image", image, 0, TenantLimits.IMAGE_BYTES_MAX),
        upload == null ? before.uploadBytesPerSecond() : TenantFields.rate("--upload", upload),
        download == null
            ? before.downloadBytesPerSecond()
            : TenantFields.rate("--download", download),
        kernelTime == null
            ? before.kernelTime()
            : TenantFields.kernelTime("--kernel-time", kernelTime),
        calls == null
            ? before.callGroups()
            : calls.equals(ALL) ? Set.of() : TenantFields.callGroups(calls));
  }

  private static int count(String option, @Nullable Integer given, int before, int most) {
    return given == null ? before : TenantFields.between(option, given, 0, most);
  }

  private QueuePolicy queueOf(QueuePolicy before) {
    return new QueuePolicy(
        queueWhenFull == null ? before.whenFull() : queueWhenFull,
        queueCalls == null
            ? before.callsMax()
            : TenantFields.between("--queue-calls", queueCalls, 1, QueuePolicy.CALLS_MAX),
        queueBytes == null
            ? before.bytesMax()
            : TenantFields.size("--queue-bytes", queueBytes, 1, QueuePolicy.BYTES_MAX),
        queueTimeout == null
            ? before.timeout()
            : TenantFields.timeout("--queue-timeout", queueTimeout));
  }
}
