// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench;

import io.remora.command.RemoraCommand;
import io.remora.it.process.ServerProcess;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./remora bench native}. */
@Command(
    name = "native",
    description =
        "Measures what a C program of the driver API pays, beside raw sockets; builds both with the"
            + " system's compiler.")
public final class NativeCommand implements RemoraCommand {
  @Spec private CommandSpec spec;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "5",
      description = "How often both programs run in turn (default: ${DEFAULT-VALUE}).")
  private int rounds = 5;

  @Option(
      names = "--size",
      paramLabel = "MIB",
      defaultValue = "256",
      description = "Size of the largest copy in MiB (default: ${DEFAULT-VALUE}).")
  private int sizeMebibytes = 256;

  @Option(
      names = "--warm-ups",
      paramLabel = "N",
      defaultValue = "2",
      description =
          "How often the program runs before, so that the server has compiled its way (default:"
              + " ${DEFAULT-VALUE}).")
  private int warmUps = 2;

  @Option(
      names = "--tls",
      paramLabel = "MODE",
      description = "Only with TLS 'on', or only 'off'; both by default.")
  private List<String> tlsModes = List.of("off", "on");

  @Override
  public Integer call() throws Exception {
    if (rounds < 1 || rounds > 1000) {
      throw new IllegalArgumentException("--rounds must be from 1 to 1000");
    }
    if (warmUps < 0 || warmUps > 100) {
      throw new IllegalArgumentException("--warm-ups must be from 0 to 100");
    }
    if (sizeMebibytes < 1 || sizeMebibytes > 1024) {
      throw new IllegalArgumentException("--size must be from 1 to 1024");
    }
    if (!List.of("on", "off").containsAll(tlsModes)) {
      throw new IllegalArgumentException("--tls must be 'on' or 'off'");
    }
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter progress = spec.commandLine().getErr();
    Path folder = Files.createTempDirectory("remora-bench");
    NativeBench bench = NativeBench.build(folder, System.getenv(), sizeMebibytes);
    out.println("C client and server on this machine, software device.");
    for (String tls : tlsModes) {
      try (ServerProcess server =
          ServerProcess.start(
              folder.resolve("tls-" + tls), List.of("-Xmx512m"), List.of("--tls", tls))) {
        bench.warmUp(server.settings(), warmUps);
        List<Figure> figures =
            bench.run(
                server.settings(),
                rounds,
                () -> {
                  progress.print(".");
                  progress.flush();
                });
        progress.println();
        out.println();
        out.println("TLS " + tls + ", " + rounds + " rounds:");
        out.println();
        out.println(Figure.head());
        figures.forEach(figure -> out.println(figure.line()));
        out.flush();
      }
    }
    return OK;
  }
}
