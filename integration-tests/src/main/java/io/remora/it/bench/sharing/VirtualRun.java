// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench.sharing;

import io.remora.server.driver.model.ModelDevice;
import io.remora.server.driver.model.VirtualClock;
import io.remora.server.queue.DeviceQueue;
import io.remora.server.queue.QueueConfig;
import java.util.List;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;

/**
 * Loads in virtual time: exact, the same every time, and as if threads woke up after just the time
 * that is stated.
 */
final class VirtualRun {
  private static final int SECOND = Windows.BUCKETS_PER_SECOND;
  private static final long SECOND_NANOS = 1_000_000_000;

  private final Model model;

  /**
   * The device.
   *
   * @param blockNanos when a kernel of greater priority can step in
   * @param noticeNanos from a kernel's end until the queue knows it and has issued the next
   * @param queued whether the queue decides
   * @param priorities whether classes are stream priorities
   */
  record Model(long blockNanos, long noticeNanos, boolean queued, boolean priorities) {}

  VirtualRun(Model model) {
    this.model = model;
  }

  /** Runs loads for some seconds, after some others that don't count. */
  LoadRun run(List<TenantLoad> loads, int warmUpSeconds, int seconds, long seed) {
    VirtualClock clock = new VirtualClock();
    ModelDevice device =
        new ModelDevice(clock, model.blockNanos(), model.noticeNanos(), ModelLoad.TO_OWNER);
    @Nullable DeviceQueue queue =
        model.queued() ? new DeviceQueue(QueueConfig.DEFAULTS, clock::nanos) : null;
    LoadRun run = new LoadRun(device, queue, clock, model.priorities());
    SplittableRandom random = new SplittableRandom(seed);
    loads.forEach(load -> run.add(load, random));
    if (queue != null) {
      clock.every(QueueConfig.DEFAULTS.tickNanos(), queue::tick);
    }
    run.start();
    clock.advance(warmUpSeconds * SECOND_NANOS);
    run.measure();
    clock.advance(seconds * SECOND_NANOS);
    run.stop();
    return run;
  }

  /** Shares of saturating tenants. */
  Shares shares(List<TenantLoad> loads, int warmUpSeconds, int seconds) {
    return Shares.of(
        run(loads, warmUpSeconds, seconds, 1).tenants(),
        warmUpSeconds * SECOND,
        (warmUpSeconds + seconds) * SECOND);
  }
}
