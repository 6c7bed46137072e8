// SPDX-License-Identifier: Apache-2.0
package io.remora.it.demo;

import io.remora.cli.run.NativeFolder;
import io.remora.client.ConnectionSettings;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;

/**
 * Programs that know nothing of Remora: built on this machine from the sources in this jar, and run
 * with Remora's {@code libcuda.so.1} on the demo's server.
 */
final class NativePrograms {
  private static final String KEY_VARIABLE = "REMORA_RUNTIME_KEY_FILE";
  private static final long SECONDS_MAX = 180;
  private static final int QUOTED_CHARACTERS_MAX = 400;

  private final Path folder;
  private final Map<String, String> environment;
  private final ConnectionSettings settings;

  /**
   * @param folder for sources, programs and logs
   * @param environment of this process
   * @param settings whose session the programs have
   */
  NativePrograms(Path folder, Map<String, String> environment, ConnectionSettings settings) {
    this.folder = folder;
    this.environment = environment;
    this.settings = settings;
  }

  /** How it went. */
  enum State {
    RIGHT,
    WRONG,
    NOT_SHOWN
  }

  /** A program, and what a person wants to know of it. */
  record Outcome(String program, State state, String words) {}

  /** A program of the driver API in C, built by the system's compiler. */
  Outcome driverProgram() throws IOException, InterruptedException {
    String program = "saxpy.c, a C program of the driver API";
    Path source = extract("/demo/saxpy.c", "saxpy.c");
    Path ptx = extract("/cuda/saxpy.ptx", "saxpy.ptx");
    Path binary = folder.resolve("saxpy");
    String compiler = environment.getOrDefault("CC", "cc");
    List<String> build =
        List.of(
            compiler,
            "-std=gnu11",
            "-O2",
            "" + source,
            "-o",
            "" + binary,
            "-L" + NativeFolder.find(environment.get(NativeFolder.VARIABLE)).path(),
            "-l:libcuda.so.1");
    return buildAndRun(program, build, List.of("" + binary, "" + ptx));
  }

  /** A program of the CUDA runtime, built by nvcc; it needs the runtime's key. */
  Outcome runtimeProgram() throws IOException, InterruptedException {
    String program = "vector_add.cu, a program of the CUDA runtime";
    String home = environment.get("CUDA_HOME");
    String nvcc = home == null ? "nvcc" : Path.of(home, "bin", "nvcc").toString();
    if (!isThere(nvcc)) {
      return new Outcome(program, State.NOT_SHOWN, "there is no nvcc here");
    }
    if (environment.getOrDefault(KEY_VARIABLE, "").isEmpty()) {
      return new Outcome(
          program, State.NOT_SHOWN, KEY_VARIABLE + " isn't set, see docs/compatibility.md");
    }
    extract("/cuda/runtime/check.h", "check.h");
    Path source = extract("/cuda/runtime/vector_add.cu", "vector_add.cu");
    Path binary = folder.resolve("vector_add");
    List<String> build =
        List.of(
            nvcc,
            "-std=c++17",
            "-gencode",
            "arch=compute_75,code=compute_75",
            "" + source,
            "-o",
            "" + binary);
    return buildAndRun(program, build, List.of("" + binary));
  }

  private Outcome buildAndRun(String program, List<String> build, List<String> run)
      throws IOException, InterruptedException {
    Path log = folder.resolve("native.log");
    if (status(new ProcessBuilder(build), log) != 0) {
      return new Outcome(program, State.WRONG, "it can't be built: " + quote(log));
    }
    ProcessBuilder command = new ProcessBuilder(run);
    Map<String, String> variables = command.environment();
    variables.put("REMORA_SERVER", settings.server());
    variables.put("REMORA_CA", Objects.toString(settings.caFile()));
    variables.put("REMORA_TOKEN", Objects.toString(settings.token()));
    variables.remove("REMORA_TOKEN_FILE");
    Path library = NativeFolder.find(environment.get(NativeFolder.VARIABLE)).path();
    variables.merge("LD_LIBRARY_PATH", library.toString(), (old, own) -> own + ":" + old);
    boolean right = status(command, log) == 0;
    return new Outcome(program, right ? State.RIGHT : State.WRONG, quote(log));
  }

  private boolean isThere(String command) throws InterruptedException {
    try {
      return status(new ProcessBuilder(command, "--version"), folder.resolve("version.log")) == 0;
    } catch (IOException missing) {
      return false;
    }
  }

  private static int status(ProcessBuilder command, Path log)
      throws IOException, InterruptedException {
    Process process = command.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IOException("still running after " + SECONDS_MAX + " s: " + command.command());
    }
    return process.exitValue();
  }

  private static String quote(Path log) throws IOException {
    String all = Files.readString(log).strip().replaceAll("\\s+", " ");
    return all.substring(0, Math.min(all.length(), QUOTED_CHARACTERS_MAX));
  }

  private Path extract(String resource, String name) throws IOException {
    Path file = folder.resolve(name);
    try (InputStream in = NativePrograms.class.getResourceAsStream(resource)) {
      Files.copy(Objects.requireNonNull(in, resource), file, StandardCopyOption.REPLACE_EXISTING);
    }
    return file;
  }

  /** Both, in this order. */
  List<Outcome> all() throws IOException, InterruptedException {
    List<Outcome> outcomes = new ArrayList<>();
    outcomes.add(driverProgram());
    outcomes.add(runtimeProgram());
    return outcomes;
  }
}
