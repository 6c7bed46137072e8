// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What the software devices of a server are like; all are equal.
 *
 * @param devices how many, 1 to 16
 * @param memoryBytes memory of each device, a multiple of 64 KiB, at least 1 MiB
 * @param threads threads that work on a kernel, 1 to 256; also the number of multiprocessors
 * @param computeCapability major * 10 + minor of the GPU whose features it reports, e.g. 121
 * @param hostName part of the devices' identity: the same host has the same UUIDs after a restart
 */
public record SoftwareDeviceConfig(
    int devices, long memoryBytes, int threads, int computeCapability, String hostName) {

  /** Enough for what a CPU can work on; more would invite programs that never end on it. */
  private static final long MEMORY_BYTES_MAX_DEFAULT = 16L << 30;

  private static final int COMPUTE_CAPABILITY_DEFAULT = 121;
  private static final long MEMORY_GRANULE_BYTES = 64 << 10;

  /** Checks the ranges. */
  public SoftwareDeviceConfig {
    require(devices >= 1 && devices <= 16, "devices must be from 1 to 16: " + devices);
    require(
        memoryBytes >= 1 << 20 && memoryBytes % MEMORY_GRANULE_BYTES == 0,
        "memoryBytes must be a multiple of 65536 and at least 1 MiB: " + memoryBytes);
    require(threads >= 1 && threads <= 256, "threads must be from 1 to 256: " + threads);
    require(
        computeCapability >= 50 && computeCapability <= 129,
        "computeCapability must be from 50 (5.0) to 129 (12.9): " + computeCapability);
  }

  /** One device with half of the machine's memory, at most 16 GiB, and a thread for each core. */
  public static SoftwareDeviceConfig defaults() {
    long half = physicalMemoryBytes() / 2;
    long memory = Math.min(half, MEMORY_BYTES_MAX_DEFAULT) / MEMORY_GRANULE_BYTES;
    return new SoftwareDeviceConfig(
        1,
        Math.max(memory, 16) * MEMORY_GRANULE_BYTES,
        Math.min(Runtime.getRuntime().availableProcessors(), 256),
        COMPUTE_CAPABILITY_DEFAULT,
        localHostName());
  }

  private static long physicalMemoryBytes() {
    var system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
    return system.getTotalMemorySize();
  }

  private static String localHostName() {
    try {
      return Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
    } catch (IOException e) {
      return "localhost";
    }
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }
}
