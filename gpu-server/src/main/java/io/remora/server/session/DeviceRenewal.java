// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Driver;
import io.remora.server.driver.DriverException;
import io.remora.server.metrics.Replacements;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes devices usable again after faults that ended more than the guilty session, and keeps count
 * of it. Any thread may call.
 */
final class DeviceRenewal {
  private static final Logger log = LoggerFactory.getLogger(DeviceRenewal.class);

  private final Driver driver;
  private final Replacements replacements;
  private final Executor workers;

  DeviceRenewal(Driver driver, Replacements replacements, Executor workers) {
    this.driver = driver;
    this.replacements = replacements;
    this.workers = workers;
  }

  Replacements replacements() {
    return replacements;
  }

  /** A session has a fault on a device, which may concern the others; on a driver thread. */
  void faulted(int device, String cause) {
    replacements.ended(device, cause);
    workers.execute(
        () -> {
          try {
            renew(device);
          } catch (DriverException refused) {
            log.error("device {} can't be used again: {}", device, refused.detail());
          }
        });
  }

  /**
   * Replaces what a device's sessions live in, if that has ended; on a worker.
   *
   * @throws DriverException if the device can't be had again
   */
  void renew(int device) {
    if (driver.renew(device)) {
      log.warn("device {} has a new context; sessions whose state was kept go on in it", device);
      replacements.replaced(device);
    }
  }
}
