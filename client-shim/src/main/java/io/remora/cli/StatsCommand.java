// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.cli.run.Advice;
import io.remora.cli.run.CopiesAcross;
import io.remora.cli.run.CopiesAcross.Detour;
import io.remora.cli.run.ProcessCounters;
import io.remora.cli.run.ProcessCounters.CallCounters;
import io.remora.command.RemoraCommand;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code remora stats}: what programs' calls cost, as {@code remora run --stats} says it. */
@Command(
    name = "stats",
    description = "Shows the counters that programs left in the file named by REMORA_STATS_FILE.")
public final class StatsCommand implements RemoraCommand {
  private static final int CALLS_SHOWN_MAX = 10;
  private static final int PROCESSES_SHOWN_MAX = 4;

  @Spec private @Nullable CommandSpec spec;

  @Parameters(paramLabel = "FILE", description = "The file.")
  private @Nullable Path file;

  @Option(names = "--remove", description = "Delete the file afterwards.")
  private boolean remove;

  @Override
  public Integer call() throws IOException {
    if (spec == null || file == null) {
      throw new IllegalStateException("picocli sets both before it calls a command");
    }
    if (!Files.isReadable(file)) {
      throw new IllegalArgumentException(file + " is not a file that you may read");
    }
    List<ProcessCounters> processes = ProcessCounters.parse(Files.readAllLines(file));
    if (remove) {
      Files.delete(file);
    }
    PrintWriter out = spec.commandLine().getOut();
    if (processes.isEmpty()) {
      out.println("remora: no process has used the GPU and come to its end by itself");
    } else {
      print(out, processes);
    }
    out.flush();
    return OK;
  }

  private static void print(PrintWriter out, List<ProcessCounters> processes) {
    ProcessCounters all = ProcessCounters.sum(processes);
    long waits = all.waits();
    out.println("remora: what " + names(processes) + " asked of the GPU");
    TextTable totals = new TextTable("  calls", Sizes.count(all.localCalls() + all.sentCalls()));
    totals.row("    answered in the process", Sizes.count(all.localCalls()));
    totals.row("    sent without waiting", Sizes.count(all.sentCalls() - waits));
    totals.row("    waited for an answer", Sizes.count(waits));
    totals.row(
        "  sent",
        Sizes.bytes(all.bytesSent()) + " in " + Sizes.count(all.framesSent()) + " frames");
    totals.row("  received", Sizes.bytes(all.bytesReceived()));
    totals.row("  blocked", time(all.blockedNanos()) + " in all threads together");
    totals.row("    for too much under way", time(all.creditNanos()));
    if (all.resumes() > 0) {
      totals.row("  connection cut and restored", Sizes.count(all.resumes()) + " times");
    }
    across(totals, all.across());
    out.print(totals);
    if (waits > 0) {
      out.print(slowest(all));
    }
    out.println("  " + Advice.on(all));
    for (Detour detour : Detour.values()) {
      if (all.across().detours().containsKey(detour) && !detour.advice().isEmpty()) {
        out.println("  Copies went through the client: " + detour.advice() + ".");
      }
    }
  }

  private static void across(TextTable totals, CopiesAcross across) {
    if (across.directCopies() > 0) {
      totals.row("  copied between servers", copies(across.directBytes(), across.directCopies()));
    }
    if (across.bridgedCopies() > 0) {
      totals.row(
          "  copied between servers, through the client",
          copies(across.bridgedBytes(), across.bridgedCopies()));
    }
    for (Detour detour : Detour.values()) {
      Long count = across.detours().get(detour);
      if (count != null) {
        totals.row("    " + detour.text(), Sizes.count(count));
      }
    }
  }

  private static String copies(long bytes, long count) {
    return Sizes.bytes(bytes) + " in " + Sizes.count(count) + " copies";
  }

  private static TextTable slowest(ProcessCounters all) {
    TextTable table = new TextTable("  SLOWEST CALLS", "CALLS", "WAITS", "BLOCKED");
    all.calls().stream()
        .filter(call -> call.blockedNanos() > 0)
        .sorted(Comparator.comparingLong(CallCounters::blockedNanos).reversed())
        .limit(CALLS_SHOWN_MAX)
        .forEach(
            call ->
                table.row(
                    "  " + call.name(),
                    Sizes.count(call.calls()),
                    Sizes.count(call.waits()),
                    time(call.blockedNanos())));
    return table;
  }

  private static String names(List<ProcessCounters> processes) {
    String some =
        processes.stream()
            .limit(PROCESSES_SHOWN_MAX)
            .map(each -> each.program() + " (" + each.pid() + ")")
            .collect(Collectors.joining(", "));
    int more = processes.size() - PROCESSES_SHOWN_MAX;
    return more > 0 ? some + " and " + more + " more" : some;
  }

  private static String time(long nanos) {
    return Sizes.time(Duration.ofNanos(nanos));
  }
}
