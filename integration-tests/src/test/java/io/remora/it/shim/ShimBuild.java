// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.remora.it.process.ServerProcess;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * One build of {@code libcuda.so.1}, and the C programs of {@code src/test/c} that are linked to
 * it. The build without sanitizers is the one that users get.
 */
public final class ShimBuild {
  private static final Path CLIENT = Path.of("..", "client-shim").toAbsolutePath().normalize();
  private static final Path SOURCES = Path.of("src", "test", "c").toAbsolutePath();
  private static final long BUILD_SECONDS_MAX = 300;

  private final Path folder;
  private final Path library;
  private final List<String> flags;

  private ShimBuild(Path folder, Path library, List<String> flags) {
    this.folder = folder;
    this.library = library;
    this.flags = flags;
  }

  /** The library that Maven has built. */
  public static ShimBuild product(Path folder) throws Exception {
    return of(folder, CLIENT.resolve("target/native"));
  }

  /**
   * A library that lies elsewhere.
   *
   * @param library its folder
   */
  static ShimBuild of(Path folder, Path library) {
    return new ShimBuild(folder, library, List.of());
  }

  /**
   * A build of its own; ends the test as skipped where the compiler doesn't have the sanitizer.
   *
   * @param sanitizer as {@code -fsanitize} wants it
   */
  static ShimBuild sanitized(Path folder, String sanitizer) throws Exception {
    List<String> flags = List.of("-fsanitize=" + sanitizer);
    assumeTrue(isRunnable(folder, flags), "skipped: no " + sanitizer + " sanitizer works here");
    // Whoever comes next finds it made.
    Path out = Path.of("target", "sanitized", sanitizer.replace(',', '-')).toAbsolutePath();
    Files.createDirectories(out);
    List<String> make =
        List.of(
            "make",
            "--silent",
            "--jobs=2",
            "--directory=" + CLIENT.resolve("src/main/c"),
            "OUT=" + out,
            "SANITIZE=" + sanitizer,
            // Compiled in half the time, run as fast, and nothing is optimised away unseen. The
            // product's build has the warnings that only an optimiser gives.
            "CFLAGS=-O0 -g",
            // Without the management library, which no sanitized program loads.
            out.resolve("libcuda.so.1").toString());
    // Two at once would make the same files.
    synchronized (ShimBuild.class) {
      requireSuccess(make, folder.resolve("make.log"));
    }
    return new ShimBuild(folder, out, flags);
  }

  private static boolean isRunnable(Path folder, List<String> flags) throws Exception {
    Path source = folder.resolve("probe.c");
    Path probe = folder.resolve("probe");
    Files.writeString(source, "int main(void) { return 0; }\n");
    List<String> command = new ArrayList<>(List.of(compiler()));
    command.addAll(flags);
    command.addAll(List.of(source.toString(), "-o", probe.toString()));
    Path log = folder.resolve("probe.log");
    return status(command, log) == 0 && status(List.of(probe.toString()), log) == 0;
  }

  /** Compiles a program of {@code src/test/c}. */
  public Path program(String name) throws Exception {
    Path program = folder.resolve(name);
    List<String> command =
        new ArrayList<>(
            List.of(compiler(), "-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-g"));
    command.addAll(flags);
    command.addAll(
        List.of(
            "-I" + CLIENT.resolve("src/main/c"),
            "-I" + CLIENT.resolve("target/generated-sources/c"),
            SOURCES.resolve(name + ".c").toString(),
            "-L" + library,
            "-Wl,--as-needed",
            "-l:libcuda.so.1",
            "-lpthread",
            "-ldl",
            "-o",
            program.toString()));
    requireSuccess(command, folder.resolve(name + ".build.log"));
    return program;
  }

  /** Prepares a run as a user of {@code remora run} has it, for the server's own tenant. */
  ProcessBuilder command(ServerProcess server, Path program, String... arguments) {
    ProcessBuilder builder = command(program, arguments);
    builder.environment().put("REMORA_STATE_DIR", server.stateDirectory().toString());
    return builder;
  }

  /** Prepares a run that finds no server. */
  ProcessBuilder command(Path program, String... arguments) {
    List<String> words = new ArrayList<>(List.of(program.toString()));
    words.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(words);
    Map<String, String> environment = builder.environment();
    environment.keySet().removeIf(each -> each.startsWith("REMORA_") || each.startsWith("XDG_"));
    environment.put("HOME", folder.toString());
    environment.put("LD_LIBRARY_PATH", library.toString());
    // A process leaves its connection to the system; threads may start in the child of a fork.
    environment.put("ASAN_OPTIONS", "detect_leaks=0");
    environment.put("TSAN_OPTIONS", "die_after_fork=0");
    return builder;
  }

  private static String compiler() {
    String chosen = System.getenv("CC");
    return chosen == null ? "cc" : chosen;
  }

  private static void requireSuccess(List<String> command, Path log) throws Exception {
    if (status(command, log) != 0) {
      throw new AssertionError(String.join(" ", command) + "\n" + Files.readString(log));
    }
  }

  private static int status(List<String> command, Path log)
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    if (!process.waitFor(BUILD_SECONDS_MAX, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("still running after " + BUILD_SECONDS_MAX + " s: " + command);
    }
    return process.exitValue();
  }
}
