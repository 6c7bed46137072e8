// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.remora.server.config.DeviceChoice;
import io.remora.server.config.SoftwareSettings;
import io.remora.server.driver.Driver;
import io.remora.server.driver.software.SoftwareDeviceConfig;
import io.remora.server.driver.software.SoftwareDriver;

/** The one place that knows which drivers there are. */
final class Drivers {
  private Drivers() {}

  /**
   * Opens the driver that the operator chose.
   *
   * @throws IllegalArgumentException if this build doesn't have it
   */
  static Driver open(DeviceChoice choice, SoftwareSettings software) {
    return switch (choice) {
      case CUDA ->
          throw new IllegalArgumentException(
              "this build has no driver for CUDA devices yet: use --device software, or --device"
                  + " auto, which is the software device until then");
      case AUTO, SOFTWARE -> new SoftwareDriver(deviceConfig(software));
    };
  }

  private static SoftwareDeviceConfig deviceConfig(SoftwareSettings settings) {
    SoftwareDeviceConfig defaults = SoftwareDeviceConfig.defaults();
    Long memory = settings.memoryBytes();
    int threads = settings.threads();
    return new SoftwareDeviceConfig(
        settings.devices(),
        memory == null ? defaults.memoryBytes() : memory,
        threads == 0 ? defaults.threads() : threads,
        defaults.computeCapability(),
        defaults.hostName());
  }
}
