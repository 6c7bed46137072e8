// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import io.remora.config.ByteSize;
import io.remora.config.ConfigSection;
import io.remora.server.tenant.QueuePolicy.WhenFull;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The sections {@code limits} and {@code queue} of a tenant in the tenants file. */
final class TenantTerms {
  private static final Duration TIME_MAX = Duration.ofDays(1);

  private TenantTerms() {}

  static TenantLimits limits(ConfigSection section) {
    TenantLimits usual = TenantLimits.DEFAULT;
    long image = section.bytes("image").orElse(usual.imageBytes());
    if (image > TenantLimits.IMAGE_BYTES_MAX) {
      section.problem(
          "image", "must be " + ByteSize.format(TenantLimits.IMAGE_BYTES_MAX) + " at most");
    }
    return new TenantLimits(
        section.integer("streams", 0, TenantLimits.OBJECTS_MAX, usual.streams()),
        section.integer("events", 0, TenantLimits.OBJECTS_MAX, usual.events()),
        section.integer("modules", 0, TenantLimits.OBJECTS_MAX, usual.modules()),
        section.integer("host_callbacks", 0, TenantLimits.CALLBACKS_MAX, usual.hostCallbacks()),
        image,
        rate(section, "upload"),
        rate(section, "download"),
        time(section, "kernel_time", usual.kernelTime()),
        callGroups(section));
  }

  private static long rate(ConfigSection section, String key) {
    long bytesPerSecond = section.bytes(key).orElse(0L);
    if (section.has(key) && bytesPerSecond == 0) {
      section.problem(key, "must be more than 0 bytes a second; leave it out for no limit");
    }
    return bytesPerSecond;
  }

  private static Set<String> callGroups(ConfigSection section) {
    List<String> named = section.texts("calls");
    if (named.isEmpty()) {
      return Set.of();
    }
    List<String> known = CallGroups.load().names();
    for (String name : named) {
      if (!known.contains(name)) {
        section.problem(
            "calls", "has no group '" + name + "'; there are " + String.join(", ", known));
      }
    }
    return Set.copyOf(new HashSet<>(named));
  }

  static QueuePolicy queue(ConfigSection section) {
    QueuePolicy usual = QueuePolicy.DEFAULT;
    long bytes = section.bytes("bytes").orElse(usual.bytesMax());
    if (bytes < 1 || bytes > QueuePolicy.BYTES_MAX) {
      section.problem("bytes", "must be from 1 to " + ByteSize.format(QueuePolicy.BYTES_MAX));
    }
    Duration timeout = time(section, "timeout", usual.timeout());
    WhenFull whenFull = section.choice("when_full", usual.whenFull());
    if (section.has("timeout") && whenFull != WhenFull.TIMEOUT) {
      section.problem("timeout", "needs when_full: timeout");
    }
    if (timeout.isZero()) {
      section.problem("timeout", "must be more than 0");
    }
    return new QueuePolicy(
        whenFull,
        section.integer("calls", 1, QueuePolicy.CALLS_MAX, usual.callsMax()),
        bytes,
        timeout);
  }

  /** Writes what differs from the defaults. */
  static void format(StringBuilder text, Tenant tenant) {
    Lines limits = new Lines("    limits:\n");
    TenantLimits own = tenant.limits();
    TenantLimits usual = TenantLimits.DEFAULT;
    limits.add("streams", own.streams(), usual.streams());
    limits.add("events", own.events(), usual.events());
    limits.add("modules", own.modules(), usual.modules());
    limits.add("host_callbacks", own.hostCallbacks(), usual.hostCallbacks());
    limits.add("image", ByteSize.format(own.imageBytes()), ByteSize.format(usual.imageBytes()));
    limits.add("upload", ByteSize.format(own.uploadBytesPerSecond()), ByteSize.format(0));
    limits.add("download", ByteSize.format(own.downloadBytesPerSecond()), ByteSize.format(0));
    limits.add("kernel_time", time(own.kernelTime()), time(usual.kernelTime()));
    limits.add("calls", own.callGroups().stream().sorted().toList(), List.of());
    limits.writeTo(text);
    Lines queue = new Lines("    queue:\n");
    QueuePolicy policy = tenant.queue();
    QueuePolicy plain = QueuePolicy.DEFAULT;
    queue.add("when_full", word(policy.whenFull()), word(plain.whenFull()));
    queue.add("calls", policy.callsMax(), plain.callsMax());
    queue.add("bytes", ByteSize.format(policy.bytesMax()), ByteSize.format(plain.bytesMax()));
    if (policy.whenFull() == WhenFull.TIMEOUT) {
      queue.add("timeout", time(policy.timeout()), "");
    }
    queue.writeTo(text);
  }

  private static Duration time(ConfigSection section, String key, Duration usual) {
    Duration given = section.duration(key, usual);
    if (given.compareTo(TIME_MAX) > 0) {
      section.problem(key, "must be 24h at most");
      return usual;
    }
    return given;
  }

  static String word(WhenFull whenFull) {
    return whenFull.name().toLowerCase(Locale.ROOT);
  }

  /** As {@link io.remora.config.Durations} reads it. */
  static String time(Duration duration) {
    return duration.toMillis() + "ms";
  }

  /** A section that is there only if it has a line. */
  private static final class Lines {
    private final StringBuilder lines = new StringBuilder();
    private final String heading;

    Lines(String heading) {
      this.heading = heading;
    }

    void add(String key, Object value, Object usual) {
      if (!value.equals(usual)) {
        lines.append("      ").append(key).append(": ").append(value).append('\n');
      }
    }

    void writeTo(StringBuilder text) {
      if (!lines.isEmpty()) {
        text.append(heading).append(lines);
      }
    }
  }
}
