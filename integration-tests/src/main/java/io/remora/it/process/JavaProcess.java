// SPDX-License-Identifier: Apache-2.0
package io.remora.it.process;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A Java program of this class path in a process of its own. Its standard output is read line by
 * line; its standard error goes to a file, which every failure quotes.
 */
public final class JavaProcess implements AutoCloseable {
  private static final Duration STOP_TIME_MAX = Duration.ofSeconds(20);
  private static final int QUOTED_LINES_MAX = 20;

  /** System property with flags for the JVMs of all of them, separated by blanks. */
  private static final String FLAGS_PROPERTY = "remora.process.flags";

  private final Process process;
  private final Path errorLog;
  private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();

  private JavaProcess(Process process, Path errorLog) {
    this.process = process;
    this.errorLog = errorLog;
    Thread reader = new Thread(this::readLines, "stdout of " + process.pid());
    reader.setDaemon(true);
    reader.start();
  }

  /**
   * Starts {@code java} of the running JVM with its own class path.
   *
   * @param jvmFlags flags before the class path
   * @param mainClass the program
   * @param arguments its arguments
   * @param environment added to this process's environment
   * @param errorLog takes standard error
   */
  public static JavaProcess start(
      List<String> jvmFlags,
      String mainClass,
      List<String> arguments,
      Map<String, String> environment,
      Path errorLog) {
    String classPath = System.getProperty("java.class.path");
    return start(jvmFlags, classPath, mainClass, arguments, environment, errorLog);
  }

  /** As the other, with a class path. */
  public static JavaProcess start(
      List<String> jvmFlags,
      String classPath,
      String mainClass,
      List<String> arguments,
      Map<String, String> environment,
      Path errorLog) {
    ProcessBuilder builder = new ProcessBuilder(command(jvmFlags, classPath, mainClass, arguments));
    builder.environment().putAll(environment);
    try {
      return start(builder, errorLog);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot start " + mainClass, e);
    }
  }

  /**
   * Starts a command that runs {@code java} in the end.
   *
   * @param errorLog takes standard error
   */
  public static JavaProcess start(ProcessBuilder command, Path errorLog) throws IOException {
    command.redirectError(ProcessBuilder.Redirect.appendTo(errorLog.toFile()));
    return new JavaProcess(command.start(), errorLog);
  }

  /** The command line of a program of this class path. */
  static List<String> command(
      List<String> jvmFlags, String classPath, String mainClass, List<String> arguments) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    String common = System.getProperty(FLAGS_PROPERTY, "");
    command.addAll(common.isEmpty() ? List.of() : List.of(common.split(" ")));
    command.addAll(jvmFlags);
    command.add("-cp");
    command.add(classPath);
    command.add(mainClass);
    command.addAll(arguments);
    return command;
  }

  private void readLines() {
    try (BufferedReader reader =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = reader.readLine(); line != null; line = reader.readLine()) {
        lines.add(line);
      }
    } catch (IOException e) {
      lines.add("standard output ended: " + e.getMessage());
    }
  }

  /**
   * Waits for a line of standard output that contains {@code text}; earlier lines are dropped.
   *
   * @throws IllegalStateException if the process ends or the time runs out before; quotes the log
   */
  public String awaitLine(String text, Duration timeMax) {
    long deadline = System.nanoTime() + timeMax.toNanos();
    while (true) {
      String line = nextLine(Math.min(200, (deadline - System.nanoTime()) / 1_000_000));
      if (line.contains(text)) {
        return line;
      }
      if (line.isEmpty() && lines.isEmpty() && !process.isAlive()) {
        throw new IllegalStateException(
            "the process ended with status " + process.exitValue() + "\n" + errorText());
      }
      if (System.nanoTime() > deadline) {
        throw new IllegalStateException(
            "no line with '" + text + "' within " + timeMax + "\n" + errorText());
      }
    }
  }

  private String nextLine(long waitMillis) {
    try {
      String line = lines.poll(Math.max(1, waitMillis), TimeUnit.MILLISECONDS);
      return line == null ? "" : line;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while waiting for a line", e);
    }
  }

  /** The last lines that the process wrote to standard error. */
  public String errorText() {
    try {
      List<String> all = Files.readAllLines(errorLog);
      int from = Math.max(0, all.size() - QUOTED_LINES_MAX);
      return String.join("\n", all.subList(from, all.size()));
    } catch (IOException e) {
      return "(no log: " + e.getMessage() + ")";
    }
  }

  /** The process itself, for signals and exit status. */
  public Process process() {
    return process;
  }

  /** Stops the process without ending it (SIGSTOP): its connections stay, and it says nothing. */
  public void freeze() {
    Signals.send("STOP", process);
  }

  /** Lets a frozen process go on. */
  public void thaw() {
    Signals.send("CONT", process);
  }

  /** Ends the process at once, as {@code kill -9} does. */
  public void kill() {
    process.destroyForcibly();
    awaitExit();
  }

  /** Waits for the end and returns the exit status. */
  public int awaitExit() {
    try {
      if (!process.waitFor(STOP_TIME_MAX.toSeconds(), TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new IllegalStateException(
            "the process did not end within " + STOP_TIME_MAX + "\n" + errorText());
      }
      return process.exitValue();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      process.destroyForcibly();
      throw new IllegalStateException("interrupted while waiting for a process", e);
    }
  }

  /** Asks the process to end (SIGTERM) and waits for it. */
  @Override
  public void close() {
    process.destroy();
    awaitExit();
  }
}
