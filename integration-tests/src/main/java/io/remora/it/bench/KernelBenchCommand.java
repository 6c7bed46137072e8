// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code ./remora bench kernels}. */
@Command(
    name = "kernels",
    description = "Measures the software device's kernels beside the same algorithms in C.")
final class KernelBenchCommand implements Callable<Integer> {
  @Spec private CommandSpec spec;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "15",
      description = "How often each kernel is measured (default: ${DEFAULT-VALUE}).")
  private int rounds = 15;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Threads on either side (default: one for each processor).")
  private int threads = Runtime.getRuntime().availableProcessors();

  @Override
  public Integer call() throws IOException, InterruptedException, URISyntaxException {
    if (rounds < 1 || rounds > 1000) {
      throw new IllegalArgumentException("--rounds must be from 1 to 1000");
    }
    if (threads < 1 || threads > 64) {
      throw new IllegalArgumentException("--threads must be from 1 to 64");
    }
    PrintWriter out = spec.commandLine().getOut();
    PrintWriter progress = spec.commandLine().getErr();
    Path folder = Files.createTempDirectory("remora-bench");
    try (NativeKernels natives = new NativeKernels(source(), folder)) {
      var bench = new KernelBench(rounds, threads);
      out.println(threads + " threads on either side, " + rounds + " rounds, alternating:");
      out.println();
      bench
          .run(
              natives,
              () -> {
                progress.print(".");
                progress.flush();
              })
          .forEach(out::println);
      progress.println();
    }
    return 0;
  }

  /** The jar lies in {@code integration-tests/target}, the source in {@code integration-tests}. */
  private static Path source() throws URISyntaxException, IOException {
    Path code =
        Path.of(
            KernelBenchCommand.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    for (Path folder = code; folder != null; folder = folder.getParent()) {
      Path source = folder.resolve("bench").resolve("kernels.c");
      if (Files.isReadable(source)) {
        return source;
      }
    }
    throw new IOException("bench/kernels.c isn't above " + code + ": run ./remora of a checkout");
  }
}
