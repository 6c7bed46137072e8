// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench.sharing;

import io.remora.server.queue.LaneClass;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** The modelled device in real time: what threads and hand-overs make of the shares. */
final class RealTables {
  private static final long MICRO = 1_000;
  private static final long WHOLE_KERNELS = Long.MAX_VALUE / 4;
  private static final double WARM_UP_SECONDS = 1.5;
  private static final VirtualRun.Model QUEUED =
      new VirtualRun.Model(WHOLE_KERNELS, 0, true, false);
  private static final VirtualRun.Model DIRECT =
      new VirtualRun.Model(WHOLE_KERNELS, 0, false, false);

  private RealTables() {}

  static void shares(PrintWriter out, int seconds, int rounds) throws InterruptedException {
    out.println(
        "Shares in real time, "
            + rounds
            + " rounds of "
            + seconds
            + " s; throughput is that of the same load without the queue in the same round.");
    out.println();
    out.println(
        "| weights | kernels | worst second: error, median (min–max) | beyond one kernel |"
            + " throughput to no queue | device thread |");
    out.println("|---|---|---|---|---|---|");
    for (List<Integer> weights : List.of(ShareTable.ONE_TO_NINE, ShareTable.EIGHT)) {
      for (ShareTable.Lengths lengths : ShareTable.Lengths.ALL) {
        List<TenantLoad> loads = lengths.loads(weights);
        double[] worst = new double[rounds];
        double[] beyond = new double[rounds];
        double[] ratio = new double[rounds];
        double thread = 0;
        for (int round = 0; round < rounds; round++) {
          RealRun.Outcome direct = RealRun.run(loads, DIRECT, 0.5, seconds);
          RealRun.Outcome queued = RealRun.run(loads, QUEUED, WARM_UP_SECONDS, seconds);
          worst[round] = 100 * queued.shares().worst();
          beyond[round] = 100 * queued.shares().worstBeyondKernel();
          ratio[round] = queued.shares().busy() / direct.shares().busy();
          thread = Math.max(thread, queued.deviceThread());
        }
        out.println(
            String.format(
                Locale.ROOT,
                "| %s | %s | %s %% | %s %% | %s | %.0f %% |",
                weights.stream().map(String::valueOf).collect(Collectors.joining(":")),
                lengths.text(),
                spread("%.1f", worst),
                spread("%.1f", beyond),
                spread("%.3f", ratio),
                100 * thread));
        out.flush();
      }
    }
    out.println();
  }

  static void latencies(PrintWriter out, int seconds, int rounds) throws InterruptedException {
    out.println(
        "The latency tenant in real time; the generator's own cost and lateness beside it.");
    out.println();
    out.println(
        "| latency kernels | arrivals | batch kernels | device switches between | p99 alone, µs |"
            + " p99 shared, µs | p99 to alone | batch keeps | generator: processor, late p99 |");
    out.println("|---|---|---|---|---|---|---|---|---|");
    for (LatencyTable.Case each : LatencyTable.cases()) {
      double[] alone = new double[rounds];
      double[] shared = new double[rounds];
      double[] ratio = new double[rounds];
      double[] keeps = new double[rounds];
      double generator = 0;
      double late = 0;
      for (int round = 0; round < rounds; round++) {
        VirtualRun.Model model = each.model(true);
        RealRun.Outcome first = RealRun.run(List.of(each.urgent()), model, 0.5, seconds);
        RealRun.Outcome batch = RealRun.run(List.of(each.batch()), model, 0.5, seconds);
        RealRun.Outcome both =
            RealRun.run(List.of(each.urgent(), each.batch()), model, WARM_UP_SECONDS, seconds);
        alone[round] = first.run().tenants().get(0).latencies.quantile(0.99) / 1e3;
        shared[round] = both.run().tenants().get(0).latencies.quantile(0.99) / 1e3;
        ratio[round] = shared[round] / alone[round];
        keeps[round] =
            100 * both.shares().busy() * both.shares().got().get(1) / batch.shares().busy();
        generator = Math.max(generator, both.generatorThread());
        late = Math.max(late, both.run().lateness().quantile(0.99) / 1e3);
      }
      out.println(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %s | %s %% | %.0f %%, %.0f µs |",
              each.text(),
              spread("%.0f", alone),
              spread("%.0f", shared),
              spread("%.2f", ratio),
              spread("%.1f", keeps),
              100 * generator,
              late));
      out.flush();
    }
    out.println();
  }

  /** One tenant alone, with the queue and without. */
  static void cost(PrintWriter out, int seconds, int rounds) throws InterruptedException {
    out.println("One tenant alone in real time: what passing through the queue costs.");
    out.println();
    out.println("| kernels | kernels/s | without queue | ratio | device busy |");
    out.println("|---|---|---|---|---|");
    for (long kernel : List.of(5 * MICRO, 20 * MICRO, 200 * MICRO, 2000 * MICRO)) {
      List<TenantLoad> loads = List.of(TenantLoad.saturating(1, LaneClass.NORMAL, kernel));
      double[] with = new double[rounds];
      double[] without = new double[rounds];
      double[] ratio = new double[rounds];
      double busy = 0;
      for (int round = 0; round < rounds; round++) {
        RealRun.Outcome direct = RealRun.run(loads, DIRECT, 1, seconds);
        RealRun.Outcome queued = RealRun.run(loads, QUEUED, 1, seconds);
        with[round] = queued.kernelsPerSecond();
        without[round] = direct.kernelsPerSecond();
        ratio[round] = with[round] / without[round];
        busy = Math.max(busy, queued.shares().busy());
      }
      out.println(
          String.format(
              Locale.ROOT,
              "| %s | %s | %s | %s | %.1f %% |",
              ShareTable.micros(kernel),
              spread("%.0f", with),
              spread("%.0f", without),
              spread("%.3f", ratio),
              100 * busy));
      out.flush();
    }
    out.println();
  }

  static String spread(String format, double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    return String.format(
        Locale.ROOT,
        format + " (" + format + "–" + format + ")",
        sorted[sorted.length / 2],
        sorted[0],
        sorted[sorted.length - 1]);
  }
}
