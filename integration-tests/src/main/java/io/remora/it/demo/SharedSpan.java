// SPDX-License-Identifier: Apache-2.0
package io.remora.it.demo;

import io.remora.client.ConnectionException;
import io.remora.client.Stats;
import io.remora.it.programs.NBodyState;
import io.remora.v1.StatisticsReply;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A span of time in which several tenants wanted all of the device, and what each got.
 *
 * @param parts one for each tenant
 */
record SharedSpan(List<Part> parts) {
  /** Code is compiled and the queue's estimates are good before it is measured. */
  private static final Duration WARM_UP = Duration.ofSeconds(3);

  private static final String LAUNCH = "cuLaunchKernel";

  /**
   * One tenant's part.
   *
   * @param deviceNanos device time within the span, by the server
   * @param kernels launched in the whole session
   * @param stats of the whole session
   * @param outcome what it computed
   */
  record Part(
      String tenant,
      int weight,
      long deviceNanos,
      long kernels,
      Stats stats,
      NBodyRun.Outcome outcome) {}

  /** Runs a simulation for each tenant at once and measures while all are busy. */
  static SharedSpan run(List<Tenant> tenants, NBodyState initial, Duration span)
      throws ConnectionException, InterruptedException {
    List<NBodyRun> runs = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (Tenant tenant : tenants) {
      NBodyRun run = new NBodyRun(tenant.cuda(), initial);
      runs.add(run);
      threads.add(new Thread(run, "nbody of " + tenant.name()));
    }
    threads.forEach(Thread::start);
    List<Long> before;
    List<Long> after;
    try {
      for (NBodyRun run : runs) {
        run.awaitBusy();
      }
      pass(WARM_UP);
      before = deviceNanos(tenants);
      pass(span);
      after = deviceNanos(tenants);
    } finally {
      runs.forEach(NBodyRun::stop);
      for (Thread thread : threads) {
        thread.join();
      }
    }
    List<Part> parts = new ArrayList<>();
    for (int i = 0; i < tenants.size(); i++) {
      Tenant tenant = tenants.get(i);
      Stats stats = tenant.cuda().stats();
      parts.add(
          new Part(
              tenant.name(),
              tenant.weight(),
              after.get(i) - before.get(i),
              kernels(stats),
              stats,
              runs.get(i).outcome()));
    }
    return new SharedSpan(List.copyOf(parts));
  }

  /** Device time of all tenants within the span. */
  long deviceNanos() {
    return Math.max(1, parts.stream().mapToLong(Part::deviceNanos).sum());
  }

  /** Lets time pass: what is measured is what happens meanwhile. */
  private static void pass(Duration time) throws InterruptedException {
    boolean unused = new CountDownLatch(1).await(time.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static List<Long> deviceNanos(List<Tenant> tenants) throws ConnectionException {
    List<Long> nanos = new ArrayList<>();
    for (Tenant tenant : tenants) {
      StatisticsReply statistics = tenant.admin().statistics();
      nanos.add(statistics.getDevices(0).getDeviceNanos());
    }
    return nanos;
  }

  private static long kernels(Stats stats) {
    return stats.busiest().stream()
        .filter(entry -> entry.name().startsWith(LAUNCH))
        .mapToLong(Stats.EntryStats::calls)
        .sum();
  }
}
