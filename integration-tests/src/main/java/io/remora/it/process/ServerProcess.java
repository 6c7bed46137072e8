// SPDX-License-Identifier: Apache-2.0
package io.remora.it.process;

import io.remora.client.ConfiguredSettings;
import io.remora.client.ConnectionSettings;
import io.remora.client.config.ClientSettings;
import io.remora.client.config.Surroundings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code remora server} in a process of its own on a free loopback port, started as a user starts
 * it, with a state directory of its own in which it makes its certificates and its local tenant.
 */
public final class ServerProcess implements AutoCloseable {
  private static final Duration START_TIME_MAX = Duration.ofSeconds(60);
  private static final Pattern READY =
      Pattern.compile("remora server ready on (\\S+):(\\d+)(?: (.*))?");

  private final JavaProcess process;
  private final Path stateDirectory;
  private final int port;
  private final String readyLine;

  private ServerProcess(JavaProcess process, Path stateDirectory, Matcher ready) {
    this.process = process;
    this.stateDirectory = stateDirectory;
    port = Integer.parseInt(ready.group(2));
    readyLine = ready.group();
  }

  /**
   * Starts a server and waits until it accepts sessions.
   *
   * @param folder takes the state directory and the log; made if it isn't there
   * @param jvmFlags e.g. a bound on the heap
   * @param arguments further arguments of {@code remora server}
   * @throws IllegalStateException if it doesn't get ready; quotes its log
   */
  public static ServerProcess start(Path folder, List<String> jvmFlags, List<String> arguments) {
    return start(folder, jvmFlags, arguments, Map.of());
  }

  /**
   * As the other, with variables of the environment.
   *
   * @param environment added to this process's
   */
  public static ServerProcess start(
      Path folder, List<String> jvmFlags, List<String> arguments, Map<String, String> environment) {
    Path state = folder.resolve("state");
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    List<String> own =
        new ArrayList<>(List.of("--listen", "127.0.0.1:0", "--state-dir", state.toString()));
    own.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command(jvmFlags, own));
    builder.environment().putAll(environment);
    JavaProcess process;
    try {
      process = JavaProcess.start(builder, folder.resolve("server.log"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try {
      String line = process.awaitLine("remora server ready on ", START_TIME_MAX);
      Matcher ready = READY.matcher(line);
      if (!ready.find()) {
        throw new IllegalStateException("the ready line can't be read: " + line);
      }
      return new ServerProcess(process, state, ready);
    } catch (RuntimeException e) {
      process.kill();
      throw e;
    }
  }

  /** The command line of {@code remora server} with these arguments. */
  public static List<String> command(List<String> jvmFlags, List<String> arguments) {
    ServerClasses classes = ServerClasses.ofThisProcess();
    List<String> flags = new ArrayList<>(List.of("-XX:-DontCompileHugeMethods"));
    flags.addAll(classes.flags());
    flags.addAll(jvmFlags);
    List<String> all = new ArrayList<>(List.of("server"));
    all.addAll(arguments);
    return JavaProcess.command(flags, classes.path(), ServerClasses.MAIN, all);
  }

  /** How a program of the same user connects: as the server's local tenant. */
  public ConnectionSettings settings() {
    Surroundings around =
        new Surroundings(
            Map.of("REMORA_STATE_DIR", stateDirectory.toString()),
            stateDirectory,
            // No file of the user who runs this may decide anything here.
            stateDirectory);
    return ConfiguredSettings.of(ClientSettings.of(Map.of(), around));
  }

  /** How another tenant connects. */
  public ConnectionSettings settings(String token) {
    return settings().withToken(token);
  }

  /** The port on 127.0.0.1. */
  public int port() {
    return port;
  }

  /** The line that told that the server accepts sessions. */
  public String readyLine() {
    return readyLine;
  }

  /** One of the {@code key=value} pairs of the ready line. */
  public Optional<String> readyValue(String key) {
    Matcher pair =
        Pattern.compile("\\b" + Pattern.quote(key) + "=(?:\"([^\"]*)\"|(\\S+))").matcher(readyLine);
    if (!pair.find()) {
      return Optional.empty();
    }
    return Optional.of(pair.group(1) == null ? pair.group(2) : pair.group(1));
  }

  /** Where the server keeps what it makes itself. */
  public Path stateDirectory() {
    return stateDirectory;
  }

  /** The process, for signals and its log. */
  public JavaProcess process() {
    return process;
  }

  /** Stops the server as an operator does, by SIGTERM, and waits for its end. */
  @Override
  public void close() {
    process.close();
  }
}
