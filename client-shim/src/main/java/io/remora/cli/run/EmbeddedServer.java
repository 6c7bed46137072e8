// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.run;

import io.remora.client.config.SettingKey;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code remora server} on loopback, for one command: a process of its own that outlives this one
 * and ends when the command's process has ended.
 */
public final class EmbeddedServer {
  private static final long START_SECONDS_MAX = 60;
  private static final int ERROR_LINES_MAX = 5;
  private static final Pattern READY = Pattern.compile("remora server ready on (\\S+)(.*)");

  /**
   * The terminal sends its signals to everybody: Ctrl-C is for the command, which may well go on
   * after it, and then needs its server.
   */
  private static final List<String> DEAF_TO_THE_TERMINAL =
      List.of("/bin/sh", "-c", "trap '' INT QUIT HUP; exec \"$@\"", "sh");

  private final String address;
  private final String rest;

  private EmbeddedServer(Matcher ready) {
    address = ready.group(1);
    rest = ready.group(2);
  }

  /**
   * Starts a server and waits until it accepts sessions.
   *
   * @param folder where such servers of this user keep what they make themselves
   * @param pid the process with which it ends
   * @throws IOException if it doesn't start; quotes its log
   */
  public static EmbeddedServer start(Path folder, long pid) throws IOException {
    Files.createDirectories(folder);
    Path log = Files.createTempFile("remora-server", ".log");
    // Two servers that start for the first time would both make certificate and token.
    try (FileChannel channel =
            FileChannel.open(
                folder.resolve("start.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        var lock = channel.lock()) {
      Process process = builder(folder, pid, log).start();
      Matcher ready = READY.matcher(awaitLine(process));
      if (!lock.isValid() || !ready.matches()) {
        process.destroyForcibly();
        throw new IOException("the server for this command didn't start: " + end(log));
      }
      return new EmbeddedServer(ready);
    } finally {
      // The server goes on writing, but nobody will read it.
      Files.delete(log);
    }
  }

  private static ProcessBuilder builder(Path folder, long pid, Path log) {
    List<String> command = new ArrayList<>(DEAF_TO_THE_TERMINAL);
    command.addAll(
        OwnJava.lasting(
            "server",
            "--listen",
            "127.0.0.1:0",
            "--state-dir",
            folder.toString(),
            "--until-exit",
            Long.toString(pid)));
    return new ProcessBuilder(command)
        .redirectInput(new File("/dev/null"))
        .redirectError(log.toFile());
  }

  /** The first line, empty if the server ends or the time runs out before. */
  private static String awaitLine(Process process) {
    BufferedReader output = process.inputReader();
    CompletableFuture<String> line =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                String read = output.readLine();
                return read == null ? "" : read;
              } catch (IOException e) {
                throw new UncheckedIOException(e);
              }
            });
    try {
      return line.get(START_SECONDS_MAX, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return "";
    } catch (ExecutionException | TimeoutException e) {
      return "";
    }
  }

  private static String end(Path log) throws IOException {
    List<String> lines = Files.readAllLines(log);
    return String.join(
        "\n", lines.subList(Math.max(0, lines.size() - ERROR_LINES_MAX), lines.size()));
  }

  /** HOST:PORT. */
  public String address() {
    return address;
  }

  /** What the ready line calls its device or devices. */
  public String devices() {
    String device = value("device");
    return device.isEmpty() ? value("devices") + " devices" : device;
  }

  /** What a client must be told. */
  public Map<SettingKey, String> flags() {
    return Map.of(
        SettingKey.SERVER,
        address,
        SettingKey.TLS,
        "on",
        SettingKey.CA,
        value("ca"),
        SettingKey.TOKEN_FILE,
        value("token_file"));
  }

  private String value(String key) {
    Matcher pair = Pattern.compile(" " + key + "=(?:\"([^\"]*)\"|(\\S+))").matcher(rest);
    if (!pair.find()) {
      return "";
    }
    return pair.group(1) == null ? pair.group(2) : pair.group(1);
  }
}
