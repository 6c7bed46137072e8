// SPDX-License-Identifier: Apache-2.0
package io.remora.server.config;

import io.remora.config.ConfigSection;
import org.jspecify.annotations.Nullable;

/**
 * What software devices are like.
 *
 * @param devices how many
 * @param memoryBytes memory of each, a multiple of 64 KiB; null: half of the machine's
 * @param threads threads that work on a kernel; 0: one for each processor
 * @param spillBytes host memory for the device memory of idle sessions; 0: none
 */
public record SoftwareSettings(
    int devices, @Nullable Long memoryBytes, int threads, long spillBytes) {
  private static final long GRANULE_BYTES = 64 << 10;
  private static final long MEMORY_BYTES_MIN = 1 << 20;

  static SoftwareSettings read(ConfigSection section) {
    Long memory = section.bytes("memory").orElse(null);
    if (memory != null && (memory < MEMORY_BYTES_MIN || memory % GRANULE_BYTES != 0)) {
      section.problem("memory", "must be a multiple of 64KiB and at least 1MiB");
    }
    return new SoftwareSettings(
        section.integer("devices", 1, 16, 1),
        memory,
        section.integer("threads", 0, 256, 0),
        section.bytes("spill").orElse(0L));
  }
}
