// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench;

import io.remora.command.RemoraCommand;
import io.remora.it.bench.sharing.SharingCommand;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./remora bench}. */
@Command(
    name = "bench",
    description = "Measures what Remora costs on this machine, beside raw sockets.",
    subcommands = {SharingCommand.class, NativeCommand.class, KernelBenchCommand.class})
public final class BenchCommand implements RemoraCommand {
  private static final int MEBI = 1 << 20;

  @Spec private CommandSpec spec;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "9",
      description = "How often each figure is measured (default: ${DEFAULT-VALUE}).")
  private int rounds = 9;

  @Option(
      names = "--size",
      paramLabel = "MIB",
      defaultValue = "256",
      description = "Size of one bulk copy in MiB (default: ${DEFAULT-VALUE}).")
  private int sizeMebibytes = 256;

  @Option(
      names = "--spin",
      paramLabel = "MICROS",
      defaultValue = "0",
      description = "How long a waiting call polls before it sleeps (default: ${DEFAULT-VALUE}).")
  private int spinMicros;

  @Override
  public Integer call() throws Exception {
    if (rounds < 1 || rounds > 1000) {
      throw new IllegalArgumentException("--rounds must be from 1 to 1000");
    }
    if (sizeMebibytes < 1 || sizeMebibytes > 1024) {
      throw new IllegalArgumentException("--size must be from 1 to 1024");
    }
    if (spinMicros < 0 || spinMicros > 1_000_000) {
      throw new IllegalArgumentException("--spin must be from 0 to 1000000");
    }
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter progress = spec.commandLine().getErr();
    Path folder = Files.createTempDirectory("remora-bench");
    TransportBench bench =
        new TransportBench(
            folder, rounds, sizeMebibytes * MEBI, Duration.ofNanos(spinMicros * 1000L));
    out.println(
        "Java client and server on this machine, software device, waits that "
            + (spinMicros == 0 ? "sleep." : "poll for " + spinMicros + " µs."));
    for (boolean tls : List.of(false, true)) {
      List<Figure> figures =
          bench.run(
              tls,
              () -> {
                progress.print(".");
                progress.flush();
              });
      progress.println();
      out.println();
      out.println("TLS " + (tls ? "on" : "off") + ", " + rounds + " rounds:");
      out.println();
      out.println(Figure.head());
      figures.forEach(figure -> out.println(figure.line()));
      out.flush();
    }
    return 0;
  }
}
