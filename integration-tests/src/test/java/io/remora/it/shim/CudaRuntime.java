// SPDX-License-Identifier: Apache-2.0
package io.remora.it.shim;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/** nvcc, and the key by which the CUDA runtime recognises a driver; neither is everywhere. */
final class CudaRuntime {
  private static final String KEY_VARIABLE = "REMORA_RUNTIME_KEY_FILE";
  private static final Path KEY_BESIDE_REPOSITORY = Path.of("..", "..", "shared", "runtime.key");
  private static final Path SOURCES =
      Path.of("src", "main", "cuda", "runtime").toAbsolutePath().normalize();
  private static final long COMPILE_SECONDS_MAX = 180;

  private final Path folder;
  private final String nvcc;
  private final Map<String, CompletableFuture<Path>> programs = new ConcurrentHashMap<>();

  private CudaRuntime(Path folder, String nvcc) {
    this.folder = folder;
    this.nvcc = nvcc;
  }

  /** Ends the test as skipped where there is no nvcc of CUDA 13. */
  static CudaRuntime orSkip(Path folder, String test) throws Exception {
    String home = System.getenv("CUDA_HOME");
    String nvcc = home == null ? "nvcc" : Path.of(home, "bin", "nvcc").toString();
    CudaRuntime runtime = new CudaRuntime(folder, nvcc);
    Path log = folder.resolve("nvcc.log");
    boolean there;
    try {
      there =
          runtime.status(List.of(nvcc, "--version"), log) == 0
              && Files.readString(log).contains("release 13");
    } catch (IOException missing) {
      there = false;
    }
    assumeTrue(there, test + " is skipped: there is no nvcc of CUDA 13; set CUDA_HOME");
    return runtime;
  }

  /** The file with the key; ends the test as skipped where there is none. */
  static Path keyOrSkip(String test) {
    String named = System.getenv(KEY_VARIABLE);
    Path key = named == null || named.isEmpty() ? KEY_BESIDE_REPOSITORY : Path.of(named);
    assumeTrue(
        Files.isReadable(key),
        test + " is skipped: no file with the runtime's key; see docs/compatibility.md");
    return key.toAbsolutePath().normalize();
  }

  /**
   * Compiles a program with PTX that software devices run, once for each name.
   *
   * @param sources its files without their ending, with a plus between them
   */
  Path program(String name, String sources, List<String> flags) throws Exception {
    CompletableFuture<Path> own = new CompletableFuture<>();
    CompletableFuture<Path> there = programs.putIfAbsent(name, own);
    if (there != null) {
      return there.get();
    }
    try {
      own.complete(compile(name, sources, flags));
    } finally {
      // Nobody waits for what has failed.
      own.cancel(false);
    }
    return own.get();
  }

  private Path compile(String name, String sources, List<String> flags) throws Exception {
    Path program = folder.resolve(name);
    List<String> command =
        new ArrayList<>(List.of(nvcc, "-std=c++17", "-gencode", "arch=compute_75,code=compute_75"));
    command.addAll(flags);
    for (String source : sources.split("\\+")) {
      command.add(SOURCES.resolve(source + ".cu").toString());
    }
    command.addAll(List.of("-o", program.toString()));
    Path log = folder.resolve(name + ".build.log");
    if (status(command, log) != 0) {
      throw new AssertionError(String.join(" ", command) + "\n" + Files.readString(log));
    }
    return program;
  }

  private int status(List<String> command, Path log) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    if (!process.waitFor(COMPILE_SECONDS_MAX, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("still running after " + COMPILE_SECONDS_MAX + " s: " + command);
    }
    return process.exitValue();
  }
}
