// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench.sharing;

import io.remora.server.driver.model.ModelDevice;
import io.remora.server.driver.model.RealClock;
import io.remora.server.queue.DeviceQueue;
import io.remora.server.queue.QueueConfig;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/**
 * Loads in real time: one thread is the device, one the load generator of open loops, and what they
 * take of the processors is counted.
 */
final class RealRun {
  /** How long before an event a clock polls, so that it isn't late by its own waking up. */
  private static final long POLL_NANOS = 80_000;

  private static final double NANOS_PER_SECOND = 1e9;

  private RealRun() {}

  /**
   * What came of a run.
   *
   * @param shares of the tenants
   * @param kernelsPerSecond all that ran
   * @param deviceThread part of one processor that the model of the device took, polling included
   * @param generatorThread the same of the open loops' generator
   */
  record Outcome(
      LoadRun run,
      Shares shares,
      double kernelsPerSecond,
      double deviceThread,
      double generatorThread) {}

  static Outcome run(
      List<TenantLoad> loads, VirtualRun.Model model, double warmUpSeconds, double seconds)
      throws InterruptedException {
    ScheduledExecutorService ticker = Executors.newSingleThreadScheduledExecutor();
    try (RealClock clock = RealClock.start("modelled-device", System::nanoTime, POLL_NANOS);
        RealClock arrivals = RealClock.start("load-generator", System::nanoTime, POLL_NANOS)) {
      ModelDevice device = new ModelDevice(clock, model.blockNanos(), 0, ModelLoad.TO_OWNER);
      DeviceQueue queue =
          model.queued()
              ? DeviceQueue.ticking(QueueConfig.DEFAULTS, System::nanoTime, ticker)
              : null;
      LoadRun run = new LoadRun(device, queue, arrivals, model.priorities());
      SplittableRandom random = new SplittableRandom();
      loads.forEach(load -> run.add(load, random));
      long beginNanos = System.nanoTime();
      run.start();
      pass(warmUpSeconds);
      run.measure();
      double deviceBefore = cpuSeconds(clock);
      double generatorBefore = cpuSeconds(arrivals);
      int from = bucket(beginNanos);
      pass(seconds);
      int to = bucket(beginNanos);
      double deviceThread = (cpuSeconds(clock) - deviceBefore) / seconds;
      double generatorThread = (cpuSeconds(arrivals) - generatorBefore) / seconds;
      run.stop();
      Shares shares = Shares.of(run.tenants(), from, to);
      double kernels =
          run.tenants().stream()
              .mapToDouble(each -> (double) each.windows.sum(from, to) / each.load.kernelNanos())
              .sum();
      return new Outcome(
          run,
          shares,
          kernels / ((to - from) * Windows.BUCKET_NANOS / NANOS_PER_SECOND),
          deviceThread,
          generatorThread);
    } finally {
      ticker.shutdownNow();
    }
  }

  private static int bucket(long beginNanos) {
    return (int) ((System.nanoTime() - beginNanos) / Windows.BUCKET_NANOS);
  }

  private static double cpuSeconds(RealClock clock) {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    return threads.getThreadCpuTime(clock.thread().getId()) / NANOS_PER_SECOND;
  }

  /** Lets time pass: what is measured is what happens meanwhile. */
  static void pass(double seconds) throws InterruptedException {
    boolean unused = new CountDownLatch(1).await(Math.round(seconds * 1000), TimeUnit.MILLISECONDS);
  }
}
