// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench;

import io.remora.cli.run.NativeFolder;
import io.remora.client.ConnectionSettings;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Two C programs that take turns: one of the driver API that knows nothing of Remora, and one of
 * plain sockets. Each prints the medians of its own series; they are the values of a round here.
 */
final class NativeBench {
  private static final long SECONDS_MAX = 600;

  /** What both programs print: what, best, median, unit. */
  private static final Pattern LINE =
      Pattern.compile("(.{44}) +([\\d.]+) +([\\d.]+)? +(us|ms|/s|pairs/s|MiB/s)");

  private static final String ROUND_TRIP = "raw TCP round trip, 64 bytes";
  private static final String UP = "raw TCP stream up";
  private static final String DOWN = "raw TCP stream down";

  private final Path folder;
  private final Path library;
  private final int largestMebibytes;

  private NativeBench(Path folder, Path library, int largestMebibytes) {
    this.folder = folder;
    this.library = library;
    this.largestMebibytes = largestMebibytes;
  }

  /** One line of a program. */
  private record Value(double median, String unit) {}

  /**
   * Compiles both programs.
   *
   * @throws IllegalArgumentException if there is no compiler, or the C client isn't built
   */
  static NativeBench build(Path folder, Map<String, String> environment, int largestMebibytes)
      throws IOException, InterruptedException {
    Path library = NativeFolder.find(environment.get(NativeFolder.VARIABLE)).path();
    NativeBench bench = new NativeBench(folder, library, largestMebibytes);
    String compiler = environment.getOrDefault("CC", "cc");
    bench.compile(compiler, "raw_floor", List.of());
    bench.compile(compiler, "driver_bench", List.of("-L" + library, "-l:libcuda.so.1"));
    return bench;
  }

  private void compile(String compiler, String name, List<String> libraries)
      throws IOException, InterruptedException {
    Path source = folder.resolve(name + ".c");
    try (InputStream in = NativeBench.class.getResourceAsStream("/bench/" + name + ".c")) {
      Files.copy(Objects.requireNonNull(in, name), source);
    }
    List<String> command = new ArrayList<>(List.of(compiler, "-O2", source.toString(), "-o"));
    command.add(folder.resolve(name).toString());
    command.addAll(libraries);
    try {
      output(new ProcessBuilder(command));
    } catch (IOException failed) {
      throw new IllegalArgumentException(
          name + ".c can't be compiled; is there a C compiler, or does CC name one?", failed);
    }
  }

  /** Runs the program of the driver API on a server without looking at its figures. */
  void warmUp(ConnectionSettings server, int times) throws IOException, InterruptedException {
    for (int i = 0; i < times; i++) {
      program(server);
    }
  }

  /** Runs both in turn; {@code progress} is told before each round. */
  List<Figure> run(ConnectionSettings server, int rounds, Runnable progress)
      throws IOException, InterruptedException {
    List<Map<String, Value>> programs = new ArrayList<>();
    List<Map<String, Value>> floors = new ArrayList<>();
    for (int round = 0; round < rounds; round++) {
      progress.run();
      floors.add(values(output(new ProcessBuilder(folder.resolve("raw_floor").toString()))));
      programs.add(program(server));
    }
    return figures(programs, floors);
  }

  private Map<String, Value> program(ConnectionSettings server)
      throws IOException, InterruptedException {
    ProcessBuilder command =
        new ProcessBuilder(
            folder.resolve("driver_bench").toString(), Integer.toString(largestMebibytes));
    Map<String, String> variables = command.environment();
    variables.keySet().removeIf(name -> name.startsWith("REMORA_"));
    variables.put("REMORA_SERVER", server.server());
    variables.put("REMORA_TOKEN", Objects.toString(server.token()));
    if (server.caFile() == null) {
      variables.put("REMORA_TLS", "off");
    } else {
      variables.put("REMORA_CA", server.caFile().toString());
    }
    variables.put("LD_LIBRARY_PATH", library.toString());
    return values(output(command));
  }

  private static Map<String, Value> values(List<String> lines) {
    Map<String, Value> values = new LinkedHashMap<>();
    for (String line : lines) {
      Matcher matcher = LINE.matcher(line);
      if (matcher.matches()) {
        String median = matcher.group(3) == null ? matcher.group(2) : matcher.group(3);
        values.put(
            matcher.group(1).strip(), new Value(Double.parseDouble(median), matcher.group(4)));
      }
    }
    return values;
  }

  private List<Figure> figures(List<Map<String, Value>> programs, List<Map<String, Value>> floors) {
    List<Figure> figures = new ArrayList<>();
    programs
        .get(0)
        .forEach(
            (name, first) ->
                figures.add(
                    new Figure(
                        name,
                        medians(programs, name),
                        medians(floors, floorOf(name)),
                        first.median() < 100 ? "%.2f" : "%.0f",
                        1,
                        first.unit())));
    return figures;
  }

  /** What the sockets do instead; an empty name where there is nothing of the kind. */
  private String floorOf(String name) {
    String large = ", " + ((long) largestMebibytes << 20) + " bytes";
    if (name.startsWith("waiting call")) {
      return ROUND_TRIP;
    }
    if (name.endsWith(large)) {
      return name.startsWith("copy up") ? UP : DOWN;
    }
    return "";
  }

  private static double[] medians(List<Map<String, Value>> runs, String name) {
    return runs.stream()
        .map(run -> run.get(name))
        .filter(Objects::nonNull)
        .mapToDouble(Value::median)
        .toArray();
  }

  /** A program's lines after a good end. */
  private List<String> output(ProcessBuilder command) throws IOException, InterruptedException {
    Path log = folder.resolve("output.txt");
    Process process = command.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new IOException("still running after " + SECONDS_MAX + " s: " + command.command());
    }
    if (process.exitValue() != 0) {
      throw new IOException(command.command() + " failed: " + Files.readString(log));
    }
    return Files.readAllLines(log);
  }
}
