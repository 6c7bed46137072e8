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
   * @param deviceShare part of the span in which the device worked for it, by the server's clock
   * @param use what its client did for the whole simulation
   * @param outcome what it computed
   */
  record Part(
      String tenant, int weight, double deviceShare, ClientUse use, NBodyRun.Outcome outcome) {}

  /**
   * What a client did between two moments.
   *
   * @param kernels launches
   * @param calls sent to the server, launches among them
   * @param waits calls that waited for an answer
   */
  record ClientUse(long kernels, long calls, long waits, long bytesSent, long bytesReceived) {
    static ClientUse between(Stats before, Stats after) {
      return new ClientUse(
          launches(after) - launches(before),
          after.callsSent() - before.callsSent(),
          after.callsWaited() - before.callsWaited(),
          after.bytesSent() - before.bytesSent(),
          after.bytesReceived() - before.bytesReceived());
    }

    private static long launches(Stats stats) {
      return stats.busiest().stream()
          .filter(entry -> entry.name().startsWith(LAUNCH))
          .mapToLong(Stats.EntryStats::calls)
          .sum();
    }
  }

  /** Runs a simulation for each tenant at once and measures while all are busy. */
  static SharedSpan run(List<Tenant> tenants, NBodyState initial, Duration span)
      throws ConnectionException, InterruptedException {
    List<NBodyRun> runs = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    List<Stats> statsBefore = tenants.stream().map(tenant -> tenant.cuda().stats()).toList();
    for (Tenant tenant : tenants) {
      NBodyRun run = new NBodyRun(tenant.cuda(), initial);
      runs.add(run);
      threads.add(new Thread(run, "nbody of " + tenant.name()));
    }
    threads.forEach(Thread::start);
    List<StatisticsReply> before;
    List<StatisticsReply> after;
    try {
      for (NBodyRun run : runs) {
        run.awaitBusy();
      }
      // Also connects, which takes time that would belong to nobody.
      List<StatisticsReply> unused = statistics(tenants);
      pass(WARM_UP);
      before = statistics(tenants);
      pass(span);
      after = statistics(tenants);
    } finally {
      runs.forEach(NBodyRun::stop);
      for (Thread thread : threads) {
        thread.join();
      }
    }
    List<Part> parts = new ArrayList<>();
    for (int i = 0; i < tenants.size(); i++) {
      Tenant tenant = tenants.get(i);
      parts.add(
          new Part(
              tenant.name(),
              tenant.weight(),
              deviceShare(before.get(i), after.get(i)),
              ClientUse.between(statsBefore.get(i), tenant.cuda().stats()),
              runs.get(i).outcome()));
    }
    return new SharedSpan(List.copyOf(parts));
  }

  /** How much of what all tenants got this one got, from 0 to 1. */
  double share(Part part) {
    double all = parts.stream().mapToDouble(Part::deviceShare).sum();
    return all == 0 ? 0 : part.deviceShare() / all;
  }

  /** The tenants aren't asked at the same moment, so each figure is divided by its own span. */
  private static double deviceShare(StatisticsReply before, StatisticsReply after) {
    long nanos = after.getDevices(0).getDeviceNanos() - before.getDevices(0).getDeviceNanos();
    return (double) nanos / (after.getClockNanos() - before.getClockNanos());
  }

  /** Lets time pass: what is measured is what happens meanwhile. */
  private static void pass(Duration time) throws InterruptedException {
    boolean unused = new CountDownLatch(1).await(time.toMillis(), TimeUnit.MILLISECONDS);
  }

  private static List<StatisticsReply> statistics(List<Tenant> tenants) throws ConnectionException {
    List<StatisticsReply> replies = new ArrayList<>();
    for (Tenant tenant : tenants) {
      replies.add(tenant.admin().statistics());
    }
    return replies;
  }
}
