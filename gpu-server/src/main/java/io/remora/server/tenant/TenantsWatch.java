// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import io.remora.config.ConfigException;
import io.remora.server.files.FileStamp;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a registry in step with its file. {@link #poll} is called every half second by one thread;
 * a file that is broken or missing leaves in force what was, and is reported once.
 */
public final class TenantsWatch {
  private static final Logger log = LoggerFactory.getLogger(TenantsWatch.class);

  private final Path file;
  private final TenantRegistry registry;
  private Optional<FileStamp> seen;

  /**
   * @param seen the stamp of the file, taken before the registry's tenants were read from it
   */
  public TenantsWatch(Path file, TenantRegistry registry, Optional<FileStamp> seen) {
    this.file = file;
    this.registry = registry;
    this.seen = seen;
  }

  /** Reads the file again if it has changed, and ends what has expired. */
  public void poll() {
    Optional<FileStamp> stamp = FileStamp.of(file);
    if (!stamp.equals(seen)) {
      seen = stamp;
      reload();
    }
    registry.expire();
  }

  private void reload() {
    List<Tenant> tenants;
    try {
      tenants = TenantsFile.read(file);
    } catch (ConfigException e) {
      log.error(
          "The tenants file was refused, the tenants read before stay in force: {}",
          String.join("; ", e.problems()));
      return;
    }
    registry.replace(tenants);
    log.info("Read {} tenants from {}", tenants.size(), file);
  }
}
