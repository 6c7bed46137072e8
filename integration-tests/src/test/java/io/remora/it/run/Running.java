// SPDX-License-Identifier: Apache-2.0
package io.remora.it.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.process.Signals;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A command that runs under {@code remora run}. */
final class Running implements AutoCloseable {
  private static final long RUN_SECONDS_MAX = 60;

  private final Process process;
  private final BufferedReader output;
  private final Path errors;

  private Running(Process process, Path errors) {
    this.process = process;
    this.errors = errors;
    output = process.inputReader(StandardCharsets.ISO_8859_1);
  }

  static Running start(ProcessBuilder builder) throws IOException {
    File errors = builder.redirectError().file();
    assertThat(errors).isNotNull();
    return new Running(builder.start(), errors.toPath());
  }

  /** Runs to the end without input; gives the standard output's lines after a good end. */
  static List<String> lines(ProcessBuilder builder) throws Exception {
    try (Running running = start(builder)) {
      List<String> lines = running.rest();
      assertThat(running.status()).as(running.errorText()).isZero();
      return lines;
    }
  }

  /** The next line of standard output; the test's own timeout bounds the wait. */
  String nextLine() throws IOException {
    String line = output.readLine();
    if (line == null) {
      throw new AssertionError("the command has ended: " + errorText());
    }
    return line;
  }

  /** All lines of standard output that are left. */
  List<String> rest() throws IOException {
    process.getOutputStream().close();
    return output.lines().toList();
  }

  /** Waits for the end. */
  int status() throws Exception {
    assertThat(process.waitFor(RUN_SECONDS_MAX, TimeUnit.SECONDS)).as(errorText()).isTrue();
    return process.exitValue();
  }

  Process process() {
    return process;
  }

  /** Sends a signal to the process that was started, and to no other. */
  void signal(String name) {
    Signals.send(name, process);
  }

  String errorText() throws IOException {
    return Files.readString(errors);
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
