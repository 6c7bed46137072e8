// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench.sharing;

import io.remora.client.AdminClient;
import io.remora.client.ConnectionSettings;
import io.remora.client.RemoteCuda;
import io.remora.it.process.ServerProcess;
import io.remora.it.process.TenantsFile;
import io.remora.v1.StatisticsReply;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Shares on the software device through the whole server, which is a process of its own; the
 * clients are threads of this process. Device time is the server's own account.
 */
final class SoftwareTable {
  private static final double WARM_UP_SECONDS = 4;

  private SoftwareTable() {}

  /**
   * Tenants and the rounds of their kernels' loops: some hundred thousand are a millisecond.
   *
   * @param weights of the tenants
   * @param rounds of each tenant's kernel
   */
  private record Case(List<Integer> weights, List<Integer> rounds) {}

  private static final List<Case> CASES =
      List.of(
          new Case(List.of(1, 9), List.of(2_000, 2_000)),
          new Case(List.of(1, 9), List.of(200_000, 2_000)),
          new Case(List.of(1, 9), List.of(2_000, 200_000)),
          new Case(List.of(1, 2, 3, 4), List.of(2_000, 20_000, 20_000, 2_000)));

  static void print(PrintWriter out, int seconds, int rounds)
      throws IOException, InterruptedException {
    out.println(
        "Shares on the software device through the whole server, windows of one second; the"
            + " clients share the processors with the device.");
    out.println();
    out.println(
        "| weights | kernels, mean device time | asked, % | got, median (min–max) of the seconds, %"
            + " | worst second: error |");
    out.println("|---|---|---|---|---|");
    for (Case each : CASES) {
      out.println(run(each, seconds * rounds));
      out.flush();
    }
    out.println();
  }

  private static String run(Case each, int seconds) throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("remora-sharing");
    TenantsFile file = new TenantsFile(folder.resolve("tenants.yaml"));
    List<String> tokens = new ArrayList<>();
    for (int i = 0; i < each.weights().size(); i++) {
      tokens.add(file.add("t" + i, "--weight", String.valueOf(each.weights().get(i))));
    }
    try (ServerProcess server =
        ServerProcess.start(folder, List.of(), List.of("--tenants", file.file().toString()))) {
      Path ca =
          server
              .readyValue("ca")
              .map(Path::of)
              .orElseThrow(() -> new IllegalStateException("no CA in: " + server.readyLine()));
      ConnectionSettings plain = ConnectionSettings.of("127.0.0.1", server.port()).withCaFile(ca);
      List<ConnectionSettings> settings = tokens.stream().map(plain::withToken).toList();
      return measure(each, settings, seconds);
    } finally {
      delete(folder);
    }
  }

  private static String measure(Case each, List<ConnectionSettings> settings, int seconds)
      throws InterruptedException, IOException {
    List<SpinningClient> clients = new ArrayList<>();
    List<AdminClient> admins = new ArrayList<>();
    try {
      for (int i = 0; i < settings.size(); i++) {
        clients.add(new SpinningClient(RemoteCuda.connect(settings.get(i)), each.rounds().get(i)));
        admins.add(AdminClient.open(settings.get(i)));
      }
      clients.forEach(SpinningClient::start);
      RealRun.pass(WARM_UP_SECONDS);
      List<List<StatisticsReply>> readings = new ArrayList<>();
      for (int second = 0; second <= seconds; second++) {
        List<StatisticsReply> reading = new ArrayList<>();
        for (AdminClient admin : admins) {
          reading.add(admin.statistics());
        }
        readings.add(reading);
        RealRun.pass(1);
      }
      return line(each, readings);
    } finally {
      clients.forEach(SpinningClient::close);
      admins.forEach(AdminClient::close);
    }
  }

  private static String line(Case each, List<List<StatisticsReply>> readings) {
    double sum = each.weights().stream().mapToInt(Integer::intValue).sum();
    int tenants = each.weights().size();
    int seconds = readings.size() - 1;
    double[][] got = new double[tenants][seconds];
    double worst = 0;
    for (int second = 0; second < seconds; second++) {
      double[] used = new double[tenants];
      double all = 0;
      for (int i = 0; i < tenants; i++) {
        used[i] = used(readings.get(second).get(i), readings.get(second + 1).get(i));
        all += used[i];
      }
      for (int i = 0; i < tenants; i++) {
        got[i][second] = 100 * used[i] / all;
        double asked = each.weights().get(i) / sum;
        worst = Math.max(worst, Math.abs(used[i] / all - asked) / asked);
      }
    }
    List<String> kernels = new ArrayList<>();
    List<String> shares = new ArrayList<>();
    for (int i = 0; i < tenants; i++) {
      kernels.add(meanKernel(readings.get(0).get(i), readings.get(seconds).get(i)));
      shares.add(RealTables.spread("%.1f", got[i]));
    }
    return String.format(
        Locale.ROOT,
        "| %s | %s | %s | %s | %.1f %% |",
        each.weights().stream().map(String::valueOf).collect(Collectors.joining(":")),
        String.join(", ", kernels),
        each.weights().stream()
            .map(weight -> String.format(Locale.ROOT, "%.1f", 100 * weight / sum))
            .collect(Collectors.joining(", ")),
        String.join(", ", shares),
        100 * worst);
  }

  /** Device time a nanosecond of the span between two readings. */
  private static double used(StatisticsReply before, StatisticsReply after) {
    long nanos = after.getDevices(0).getDeviceNanos() - before.getDevices(0).getDeviceNanos();
    return (double) nanos / (after.getClockNanos() - before.getClockNanos());
  }

  private static String meanKernel(StatisticsReply before, StatisticsReply after) {
    long nanos = after.getDevices(0).getDeviceNanos() - before.getDevices(0).getDeviceNanos();
    long works = after.getDevices(0).getWorks() - before.getDevices(0).getWorks();
    return ShareTable.micros(nanos / Math.max(1, works));
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
