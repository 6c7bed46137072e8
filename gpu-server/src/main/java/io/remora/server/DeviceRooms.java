// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.DeviceFigure;
import io.remora.server.driver.Driver;
import io.remora.server.metrics.Replacements;
import io.remora.server.queue.DeviceQueue;
import io.remora.server.queue.LaneClass;
import io.remora.server.queue.LanePolicy;
import io.remora.server.queue.QueueConfig;
import io.remora.server.queue.TenantReading;
import io.remora.server.queue.TenantUse;
import io.remora.server.session.ModuleImageCache;
import io.remora.server.session.SessionLimits;
import io.remora.server.session.Sessions;
import io.remora.server.session.TenantTerms;
import io.remora.server.tenant.Tenant;
import io.remora.server.watch.Machine;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;

/**
 * What lies behind the edge: sessions, a queue for each device, and the driver. Made at start-up,
 * closed when the last session is gone.
 */
final class DeviceRooms implements Machine, AutoCloseable {
  /** Images are kept by hash for whoever loads them next; a framework's are some hundred MiB. */
  private static final long IMAGE_CACHE_BYTES = 512L << 20;

  private static final int IMAGE_BYTES_MAX = 256 << 20;

  private final Driver driver;
  private final ScheduledExecutorService ticker;
  private final List<DeviceQueue> queues;
  private final Sessions sessions;
  private final Replacements replacements;

  /**
   * @param resumeGrace how long sessions wait for clients whose connection was cut
   * @param fates told what becomes of devices and sessions after faults
   */
  DeviceRooms(
      Driver driver,
      long spillBytesMax,
      Duration resumeGrace,
      Replacements.Listener fates,
      LongSupplier nanoClock,
      String serverVersion) {
    replacements = new Replacements(driver.devices().size(), fates, nanoClock);
    this.driver = driver;
    ticker = Executors.newSingleThreadScheduledExecutor(DeviceRooms::tickThread);
    queues =
        driver.devices().stream()
            .map(device -> DeviceQueue.ticking(QueueConfig.DEFAULTS, nanoClock, ticker))
            .toList();
    sessions =
        new Sessions(
            driver,
            queues,
            new ModuleImageCache(imageCacheBytes(), IMAGE_BYTES_MAX),
            SessionLimits.DEFAULTS,
            spillBytesMax,
            Math.max(2, Runtime.getRuntime().availableProcessors() / 2),
            resumeGrace,
            replacements,
            nanoClock,
            serverVersion);
  }

  /** A small heap keeps fewer images: they would displace the sessions' own needs. */
  private static long imageCacheBytes() {
    return Math.min(IMAGE_CACHE_BYTES, Runtime.getRuntime().maxMemory() / 4);
  }

  private static Thread tickThread(Runnable work) {
    Thread thread = new Thread(work, "remora-queue-tick");
    thread.setDaemon(true);
    return thread;
  }

  Driver driver() {
    return driver;
  }

  Sessions sessions() {
    return sessions;
  }

  /** Lets a tenant's running sessions feel its new weight, class and policy. */
  void tenantChanged(Tenant tenant) {
    LaneClass laneClass = TenantTerms.laneClass(tenant.tenantClass());
    LanePolicy policy = TenantTerms.policy(tenant.queue());
    queues.forEach(queue -> queue.update(tenant.name(), tenant.weight(), laneClass, policy));
  }

  /** What a tenant has used of a device. */
  TenantUse use(int device, String tenant) {
    return queues.get(device).use(tenant);
  }

  @Override
  public List<DeviceDescription> devices() {
    return driver.devices();
  }

  @Override
  public String kind() {
    return driver.kind();
  }

  @Override
  public Map<String, TenantReading> readings(int device) {
    return queues.get(device).readings();
  }

  @Override
  public Replacements.Reading replacements(int device) {
    return replacements.read(device);
  }

  @Override
  public Map<DeviceFigure, Integer> figures(int device) {
    return driver.figures(device);
  }

  @Override
  public void close() {
    sessions.close();
    ticker.shutdownNow();
  }
}
