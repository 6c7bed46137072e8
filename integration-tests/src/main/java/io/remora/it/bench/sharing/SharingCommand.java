// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench.sharing;

import io.remora.command.RemoraCommand;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./remora bench sharing}. */
@Command(
    name = "sharing",
    description = "Measures how several tenants share one device, and what that costs.")
public final class SharingCommand implements RemoraCommand {
  @Spec private CommandSpec spec;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      defaultValue = "4",
      description = "How long each run in real time is measured (default: ${DEFAULT-VALUE}).")
  private int seconds = 4;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "3",
      description = "How often each run in real time is done (default: ${DEFAULT-VALUE}).")
  private int rounds = 3;

  @Option(
      names = "--only",
      split = ",",
      paramLabel = "PART",
      description = "Parts to run: ${COMPLETION-CANDIDATES} (default: all).")
  private List<Part> only = List.of();

  /** The parts of the benchmark. */
  enum Part {
    shares,
    latency,
    real,
    cost,
    software
  }

  @Override
  public Integer call() throws Exception {
    if (seconds < 1 || seconds > 600) {
      throw new IllegalArgumentException("--seconds must be from 1 to 600");
    }
    if (rounds < 1 || rounds > 100) {
      throw new IllegalArgumentException("--rounds must be from 1 to 100");
    }
    PrintWriter out = spec.commandLine().getOut();
    if (wants(Part.shares)) {
      ShareTable.print(out);
    }
    if (wants(Part.latency)) {
      LatencyTable.print(out);
    }
    if (wants(Part.real)) {
      RealTables.shares(out, seconds, rounds);
      RealTables.latencies(out, seconds, rounds);
    }
    if (wants(Part.cost)) {
      RealTables.cost(out, seconds, rounds);
    }
    if (wants(Part.software)) {
      SoftwareTable.print(out, seconds, rounds);
    }
    out.println(
        "The modelled device runs one kernel at a time. It can't show kernels that share a device at"
            + " the same time, caches, memory bandwidth, copy engines or what a bus costs.");
    out.flush();
    return 0;
  }

  private boolean wants(Part part) {
    return only.isEmpty() || only.contains(part);
  }
}
