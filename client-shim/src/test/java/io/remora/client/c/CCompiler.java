// SPDX-License-Identifier: Apache-2.0
package io.remora.client.c;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The system's C compiler, with the flags that the C client is built with. */
public final class CCompiler {
  /** What the build generates from the call table. */
  public static final Path GENERATED = Path.of("target", "generated-sources", "c");

  /** What is written by hand, and the tests' own C. */
  public static final Path MAIN = Path.of("src", "main", "c");

  public static final Path TEST = Path.of("src", "test", "c");

  private static final long TIMEOUT_SECONDS = 240;
  private static final List<String> FLAGS =
      List.of("-std=c11", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", "-fPIC", "-g");

  private final Path directory;
  private final String command;

  private CCompiler(Path directory, String command) {
    this.directory = directory;
    this.command = command;
  }

  /** What a program or the compiler itself said. */
  public record Result(int exitCode, String output) {}

  /** Ends the test as skipped where there is no compiler. */
  public static CCompiler orSkip(Path directory, String test) throws Exception {
    String chosen = System.getenv("CC");
    CCompiler compiler = new CCompiler(directory, chosen == null ? "cc" : chosen);
    boolean there;
    try {
      there = compiler.run(List.of(compiler.command, "--version")).exitCode() == 0;
    } catch (IOException missing) {
      there = false;
    }
    assumeTrue(there, test + " is skipped: there is no C compiler; install gcc or set CC");
    return compiler;
  }

  /** The flags of the sanitizers, or none where the compiler doesn't have them. */
  public List<String> sanitizers() throws Exception {
    List<String> flags = List.of("-fsanitize=address,undefined", "-fno-sanitize-recover=all");
    Path probe = directory.resolve("probe.c");
    Files.writeString(probe, "int main(void) { return 0; }\n");
    List<String> all = new ArrayList<>(List.of(command));
    all.addAll(flags);
    all.addAll(List.of(probe.toString(), "-o", directory.resolve("probe").toString()));
    boolean works =
        run(all).exitCode() == 0
            && run(List.of(directory.resolve("probe").toString())).exitCode() == 0;
    return works ? flags : List.of();
  }

  /** Compiles with the build's flags; {@code arguments} are further flags and sources. */
  public Result compile(List<String> arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of(command));
    all.addAll(FLAGS);
    all.addAll(List.of("-I" + GENERATED, "-I" + MAIN, "-I" + TEST));
    all.addAll(arguments);
    return run(all);
  }

  /** Compiles and links a program. */
  public Path program(String name, List<String> arguments) throws Exception {
    Path program = directory.resolve(name);
    List<String> all = new ArrayList<>(arguments);
    all.addAll(List.of("-o", program.toString()));
    Result result = compile(all);
    if (result.exitCode() != 0) {
      throw new AssertionError("cc " + String.join(" ", all) + "\n" + result.output());
    }
    return program;
  }

  /** Runs a command with both its outputs together. */
  public Result run(List<String> words) throws IOException, InterruptedException {
    Path output = Files.createTempFile(directory, "output", ".txt");
    Process process =
        new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(output.toFile()).start();
    process.getOutputStream().close();
    if (!process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("still running after " + TIMEOUT_SECONDS + " s: " + words);
    }
    return new Result(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
  }
}
