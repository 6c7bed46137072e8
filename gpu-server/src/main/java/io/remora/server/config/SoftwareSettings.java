// SPDX-License-Identifier: Apache-2.0
package io.remora.server.config;

import io.remora.config.ConfigSection;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What software devices are like.
 *
 * @param devices how many
 * @param memoryBytes memory of each, a multiple of 64 KiB; null: half of the machine's
 * @param threads threads that work on a kernel; 0: one for each processor
 * @param computeCapability major * 10 + minor of the GPU whose features it reports; 0: the latest
 * @param spillBytes host memory for the device memory of idle sessions; 0: none
 */
public record SoftwareSettings(
    int devices, @Nullable Long memoryBytes, int threads, int computeCapability, long spillBytes) {
  private static final long GRANULE_BYTES = 64 << 10;
  private static final long MEMORY_BYTES_MIN = 1 << 20;
  private static final Pattern CAPABILITY = Pattern.compile("(\\d{1,2})\\.(\\d)");

  // What SoftwareDeviceConfig takes.
  private static final int CAPABILITY_MIN = 50;
  private static final int CAPABILITY_MAX = 129;

  static SoftwareSettings read(ConfigSection section) {
    Long memory = section.bytes("memory").orElse(null);
    if (memory != null && (memory < MEMORY_BYTES_MIN || memory % GRANULE_BYTES != 0)) {
      section.problem("memory", "must be a multiple of 64KiB and at least 1MiB");
    }
    return new SoftwareSettings(
        section.integer("devices", 1, 16, 1),
        memory,
        section.integer("threads", 0, 256, 0),
        capability(section),
        section.bytes("spill").orElse(0L));
  }

  private static int capability(ConfigSection section) {
    String text = section.text("compute_capability", "");
    if (text.isEmpty()) {
      return 0;
    }
    Matcher matcher = CAPABILITY.matcher(text);
    int capability =
        matcher.matches()
            ? Integer.parseInt(matcher.group(1)) * 10 + Integer.parseInt(matcher.group(2))
            : 0;
    if (capability < CAPABILITY_MIN || capability > CAPABILITY_MAX) {
      section.problem("compute_capability", "must be from 5.0 to 12.9, such as 8.9");
      return 0;
    }
    return capability;
  }
}
