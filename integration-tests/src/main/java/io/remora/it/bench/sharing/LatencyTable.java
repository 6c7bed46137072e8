// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench.sharing;

import io.remora.server.queue.LaneClass;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A tenant of class LATENCY with open-loop arrivals beside a saturating tenant of class BATCH, on
 * the modelled device in virtual time.
 */
final class LatencyTable {
  private static final long MICRO = 1_000;
  private static final long NOTICE_NANOS = 10 * MICRO;
  private static final int SECONDS = 20;
  private static final long WHOLE_KERNELS = Long.MAX_VALUE / 4;
  static final double LOAD = 0.1;

  private LatencyTable() {}

  /**
   * Loads and device.
   *
   * @param blockNanos {@link #WHOLE_KERNELS} if nothing interrupts a kernel
   */
  record Case(long urgentNanos, int burst, long batchNanos, long blockNanos) {
    TenantLoad urgent() {
      return TenantLoad.open(LaneClass.LATENCY, urgentNanos, LOAD, burst);
    }

    TenantLoad batch() {
      return TenantLoad.saturating(1, LaneClass.BATCH, batchNanos);
    }

    boolean hasBlocks() {
      return blockNanos < WHOLE_KERNELS;
    }

    VirtualRun.Model model(boolean queued) {
      return new VirtualRun.Model(blockNanos, NOTICE_NANOS, queued, queued && hasBlocks());
    }

    String text() {
      return String.format(
          Locale.ROOT,
          "%s | %s | %s | %s",
          ShareTable.micros(urgentNanos),
          burst == 1 ? "Poisson" : "bursts of " + burst,
          ShareTable.micros(batchNanos),
          hasBlocks() ? ShareTable.micros(blockNanos) + ", by priority" : "whole kernels");
    }
  }

  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (long block : List.of(WHOLE_KERNELS, 10 * MICRO)) {
      for (long urgent : List.of(50 * MICRO, 200 * MICRO)) {
        for (long batch : List.of(20 * MICRO, 50 * MICRO, 200 * MICRO)) {
          cases.add(new Case(urgent, 1, batch, block));
        }
      }
      cases.add(new Case(50 * MICRO, 8, 200 * MICRO, block));
    }
    return cases;
  }

  static void print(PrintWriter out) {
    out.println(
        "A latency tenant that asks for "
            + Math.round(100 * LOAD)
            + " % of the device in an open loop, beside a batch tenant that wants all; virtual"
            + " time, the queue hears of an end 10 µs later.");
    out.println();
    out.println(
        "| latency kernels | arrivals | batch kernels | device switches between | p50, p99 alone |"
            + " p50, p99 shared | p99 to alone | batch keeps | p99 to alone without queue |");
    out.println("|---|---|---|---|---|---|---|---|---|");
    for (Case each : cases()) {
      LoadRun alone = run(each, List.of(each.urgent()), true);
      LoadRun shared = run(each, List.of(each.urgent(), each.batch()), true);
      LoadRun batchAlone = run(each, List.of(each.batch()), true);
      LoadRun direct = run(each, List.of(each.urgent(), each.batch()), false);
      double p99 = p99(alone);
      out.println(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %.2f | %.1f %% | %.0f |",
              each.text(),
              quantiles(alone.tenants().get(0).latencies),
              quantiles(shared.tenants().get(0).latencies),
              p99(shared) / p99,
              100.0 * served(shared, 1) / served(batchAlone, 0),
              p99(direct) / p99));
      out.flush();
    }
    out.println();
  }

  private static LoadRun run(Case each, List<TenantLoad> loads, boolean queued) {
    return new VirtualRun(each.model(queued)).run(loads, 1, SECONDS, 7);
  }

  private static long served(LoadRun run, int tenant) {
    int second = Windows.BUCKETS_PER_SECOND;
    return run.tenants().get(tenant).windows.sum(second, (1 + SECONDS) * second);
  }

  private static double p99(LoadRun run) {
    return run.tenants().get(0).latencies.quantile(0.99);
  }

  static String quantiles(Latencies latencies) {
    return String.format(
        Locale.ROOT,
        "%.0f, %.0f µs",
        latencies.quantile(0.5) / 1e3,
        latencies.quantile(0.99) / 1e3);
  }
}
