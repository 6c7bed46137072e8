// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.remora.server.config.DeviceChoice;
import io.remora.server.config.SoftwareSettings;
import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.Driver;
import io.remora.server.driver.cuda.CudaDriver;
import io.remora.server.driver.cuda.CudaUnavailableException;
import io.remora.server.driver.software.SoftwareDeviceConfig;
import io.remora.server.driver.software.SoftwareDriver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The one place that knows which drivers there are. */
final class Drivers {
  private static final Logger log = LoggerFactory.getLogger(Drivers.class);

  private Drivers() {}

  /**
   * Opens the driver that the operator chose.
   *
   * @throws IllegalArgumentException if this machine doesn't have it; says what to do
   */
  static Driver open(DeviceChoice choice, SoftwareSettings software) {
    return switch (choice) {
      case CUDA -> cuda();
      case AUTO -> automatic(software);
      case SOFTWARE -> new SoftwareDriver(deviceConfig(software));
    };
  }

  private static Driver cuda() {
    try {
      return described(CudaDriver.open(true));
    } catch (CudaUnavailableException e) {
      throw new IllegalArgumentException(e.getMessage());
    }
  }

  private static Driver automatic(SoftwareSettings software) {
    try {
      return described(CudaDriver.open(false));
    } catch (CudaUnavailableException e) {
      log.info("serving the software device: {}", e.getMessage());
      return new SoftwareDriver(deviceConfig(software));
    }
  }

  private static Driver described(Driver driver) {
    for (DeviceDescription device : driver.devices()) {
      log.info(
          "serving device {}: {}, CUDA {}.{}; {}",
          device.ordinal(),
          device.name(),
          driver.driverVersion() / 1000,
          driver.driverVersion() % 1000 / 10,
          String.join("; ", driver.abilities(device.ordinal())));
    }
    log.warn(
        "all sessions share a GPU's context: kernels of one can reach another's memory, and a"
            + " fault ends them all; serve tenants that trust each other (docs/security.md)");
    return driver;
  }

  private static SoftwareDeviceConfig deviceConfig(SoftwareSettings settings) {
    SoftwareDeviceConfig defaults = SoftwareDeviceConfig.defaults();
    Long memory = settings.memoryBytes();
    int threads = settings.threads();
    int capability = settings.computeCapability();
    return new SoftwareDeviceConfig(
        settings.devices(),
        memory == null ? defaults.memoryBytes() : memory,
        threads == 0 ? defaults.threads() : threads,
        capability == 0 ? defaults.computeCapability() : capability,
        defaults.hostName());
  }
}
