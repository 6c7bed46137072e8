// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** A C program that runs. Its standard error goes to a file, which every failure quotes. */
final class ShimProcess implements AutoCloseable {
  private static final long RUN_SECONDS_MAX = 240;

  private final Process process;
  private final BufferedReader output;
  private final Path errors;

  private ShimProcess(Process process, Path errors) {
    this.process = process;
    this.errors = errors;
    output = process.inputReader();
  }

  static ShimProcess start(ProcessBuilder command) throws IOException {
    return start(command, Path.of(command.command().get(0)).resolveSibling("."));
  }

  /**
   * Starts a command that is a C program in the end.
   *
   * @param folder takes what it writes to standard error
   */
  static ShimProcess start(ProcessBuilder command, Path folder) throws IOException {
    Path errors = Files.createTempFile(folder, "e", ".txt");
    return new ShimProcess(command.redirectError(errors.toFile()).start(), errors);
  }

  /** Runs a program to its end, which must be a good one, and gives what it printed. */
  static List<String> run(ProcessBuilder command) throws Exception {
    try (ShimProcess process = start(command)) {
      List<String> lines = process.awaitEnd();
      assertThat(process.process.exitValue()).as(process.errorText()).isZero();
      return lines;
    }
  }

  /** The next line of standard output; the test's own timeout bounds the wait. */
  String nextLine() throws IOException {
    String line = output.readLine();
    if (line == null) {
      throw new AssertionError("the program has ended: " + errorText());
    }
    return line;
  }

  /** Waits for the end and gives the lines that are left. */
  List<String> awaitEnd() throws Exception {
    CompletableFuture<List<String>> lines = CompletableFuture.supplyAsync(this::restOfOutput);
    try {
      List<String> all = lines.get(RUN_SECONDS_MAX, TimeUnit.SECONDS);
      assertThat(process.waitFor(RUN_SECONDS_MAX, TimeUnit.SECONDS)).as(errorText()).isTrue();
      return all;
    } catch (TimeoutException hangs) {
      String threads = threads();
      close();
      throw new AssertionError(
          "still running after " + RUN_SECONDS_MAX + " s\n" + threads + errorText(), hangs);
    }
  }

  private List<String> restOfOutput() {
    return output.lines().toList();
  }

  /** Where the program's threads and those of its children are, a line each. */
  private String threads() throws IOException {
    StringBuilder text = new StringBuilder();
    for (ProcessHandle each :
        Stream.concat(Stream.of(process.toHandle()), process.descendants()).toList()) {
      try (Stream<Path> tasks = Files.list(Path.of("/proc/" + each.pid() + "/task"))) {
        for (Path task : tasks.toList()) {
          String[] stat = Files.readString(task.resolve("stat")).split("\\) ", 2);
          String waits = Files.readString(task.resolve("wchan"));
          text.append(stat[0]).append(") ").append(stat[1], 0, 1).append(' ');
          text.append(waits).append('\n');
        }
      }
    }
    return text.toString();
  }

  boolean isRunning() {
    return process.isAlive();
  }

  /** Waits until something holds, or the program has ended. */
  void awaitHolds(BooleanSupplier condition) throws InterruptedException {
    while (!condition.getAsBoolean() && !process.waitFor(1, TimeUnit.MILLISECONDS)) {
      Thread.onSpinWait();
    }
  }

  /** Ends the program's standard input. */
  void endInput() throws IOException {
    process.getOutputStream().close();
  }

  int status() {
    return process.exitValue();
  }

  /** What was written to standard error. */
  String errorText() throws IOException {
    return Files.readString(errors);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
