// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** The kernels in C: {@code bench/kernels.c}, compiled by {@code gcc -O2}, as a child process. */
final class NativeKernels implements AutoCloseable {
  private final Process process;
  private final PrintWriter commands;
  private final BufferedReader answers;

  /**
   * Compiles and starts.
   *
   * @param source {@code kernels.c}
   * @param folder for the program
   */
  NativeKernels(Path source, Path folder) throws IOException, InterruptedException {
    Path program = folder.resolve("kernels");
    Process compiler =
        new ProcessBuilder(
                List.of(
                    "gcc",
                    "-std=c11",
                    "-O2",
                    "-o",
                    program.toString(),
                    source.toString(),
                    "-lm",
                    "-lpthread"))
            .inheritIO()
            .start();
    if (compiler.waitFor() != 0) {
      throw new IOException("gcc can't compile " + source + "; install gcc and libc6-dev");
    }
    process =
        new ProcessBuilder(program.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    commands = new PrintWriter(process.outputWriter(StandardCharsets.UTF_8), true);
    answers =
        new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
  }

  /** Nanoseconds of one run. */
  long run(String kernel, int size, int threads) throws IOException {
    commands.println(kernel + " " + size + " " + threads);
    String answer = answers.readLine();
    if (answer == null) {
      throw new IOException("the program with the kernels in C has ended");
    }
    return Long.parseLong(answer);
  }

  @Override
  public void close() {
    commands.close();
    process.destroy();
  }
}
