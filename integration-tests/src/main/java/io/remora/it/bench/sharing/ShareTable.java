// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench.sharing;

import io.remora.server.queue.LaneClass;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Shares of saturating tenants on the modelled device, in virtual time. */
final class ShareTable {
  static final List<Integer> ONE_TO_NINE = List.of(1, 9);
  static final List<Integer> EIGHT = List.of(1, 2, 3, 4, 5, 6, 7, 8);
  private static final long MICRO = 1_000;
  private static final long NOTICE_NANOS = 10 * MICRO;
  private static final int SECONDS = 10;

  private ShareTable() {}

  /** Kernel lengths: of the first and the last tenant, those between in equal ratios. */
  record Lengths(long firstNanos, long lastNanos) {
    static final List<Lengths> ALL =
        List.of(
            new Lengths(20 * MICRO, 20 * MICRO),
            new Lengths(200 * MICRO, 200 * MICRO),
            new Lengths(2_000 * MICRO, 2_000 * MICRO),
            new Lengths(20_000 * MICRO, 20_000 * MICRO),
            new Lengths(20_000 * MICRO, 20 * MICRO),
            new Lengths(20 * MICRO, 20_000 * MICRO));

    String text() {
      return firstNanos == lastNanos
          ? micros(firstNanos)
          : micros(firstNanos) + " … " + micros(lastNanos);
    }

    List<TenantLoad> loads(List<Integer> weights) {
      List<TenantLoad> loads = new ArrayList<>();
      for (int i = 0; i < weights.size(); i++) {
        double part = (double) i / (weights.size() - 1);
        long nanos = Math.round(firstNanos * Math.pow((double) lastNanos / firstNanos, part));
        loads.add(TenantLoad.saturating(weights.get(i), LaneClass.NORMAL, nanos));
      }
      return loads;
    }
  }

  static void print(PrintWriter out) {
    out.println(
        "Shares on a modelled device in virtual time: all tenants always have 256 kernels"
            + " submitted; the queue hears of an end 10 µs later.");
    out.println();
    out.println(
        "| weights | kernels | asked, % | got in "
            + SECONDS
            + " s, % | worst second: error | beyond one kernel | device busy |");
    out.println("|---|---|---|---|---|---|---|");
    VirtualRun run =
        new VirtualRun(new VirtualRun.Model(Long.MAX_VALUE / 4, NOTICE_NANOS, true, false));
    for (List<Integer> weights : List.of(ONE_TO_NINE, EIGHT)) {
      for (Lengths lengths : Lengths.ALL) {
        Shares shares = run.shares(lengths.loads(weights), 2, SECONDS);
        out.println(line(weights, lengths, shares));
        out.flush();
      }
    }
    out.println();
  }

  static String line(List<Integer> weights, Lengths lengths, Shares shares) {
    double sum = weights.stream().mapToInt(Integer::intValue).sum();
    return String.format(
        Locale.ROOT,
        "| %s | %s | %s | %s | %.1f %% | %.1f %% | %.1f %% |",
        weights.stream().map(String::valueOf).collect(Collectors.joining(":")),
        lengths.text(),
        join(weights.stream().map(weight -> weight / sum).toList()),
        join(shares.got()),
        100 * shares.worst(),
        100 * shares.worstBeyondKernel(),
        100 * shares.busy());
  }

  private static String join(List<Double> parts) {
    return IntStream.range(0, parts.size())
        .mapToObj(i -> String.format(Locale.ROOT, "%.1f", 100 * parts.get(i)))
        .collect(Collectors.joining(", "));
  }

  static String micros(long nanos) {
    return nanos < 1_000 * MICRO
        ? nanos / MICRO + " µs"
        : String.format(Locale.ROOT, "%.3g ms", nanos / 1e6);
  }
}
