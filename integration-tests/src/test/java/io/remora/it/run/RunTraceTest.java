// SPDX-License-Identifier: Apache-2.0
package io.remora.it.run;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.it.process.ServerProcess;
import io.remora.it.shim.ShimBuild;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.schema.JsonSchema;

/** What {@code --trace} leaves. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RunTraceTest {
  private static final Path PTX = Path.of("src", "main", "cuda", "vector_add.ptx").toAbsolutePath();

  private Launcher launcher;
  private ServerProcess server;
  private Path program;
  private Path vectorAdd;
  private Path trace;

  /** One slice, in microseconds. */
  private record Slice(
      Object process,
      Object thread,
      String name,
      String category,
      double start,
      double micros,
      Map<String, Object> costs) {
    boolean waited() {
      return Objects.equals(costs.get("waited"), true);
    }

    long cost(String name) {
      return ((Number) costs.getOrDefault(name, 0)).longValue();
    }
  }

  @BeforeAll
  void startServer(@TempDir Path folder) throws Exception {
    launcher = new Launcher(folder);
    program = ShimBuild.product(folder).program("scenarios");
    vectorAdd = ShimBuild.product(folder).program("vector_add");
    server = ServerProcess.start(folder.resolve("server"), List.of(), List.of());
    trace = folder.resolve("trace.json");
  }

  @AfterAll
  void stopServer() {
    server.close();
  }

  @Test
  void everyCallIsThereInOrderWithWhatItCost() throws Exception {
    Files.writeString(trace, "of another run");
    run(vectorAdd.toString(), PTX.toString());

    List<Map<String, Object>> events = events();
    List<Slice> slices = slices(events);
    assertThat(slices)
        .extracting(Slice::name)
        .startsWith("cuInit")
        .containsSubsequence(
            "cuModuleLoadData",
            "cuModuleGetFunction",
            "cuMemAlloc_v2",
            "cuMemcpyHtoD_v2",
            "cuMemAlloc_v2",
            "cuMemcpyHtoD_v2",
            "cuLaunchKernel",
            "cuMemcpyDtoH_v2",
            "cuMemFree_v2",
            "cuModuleUnload");
    assertThat(named(slices, "cuDeviceGetName"))
        .allMatch(each -> each.category().equals("local") && each.cost("sent_calls") == 0);
    assertThat(named(slices, "cuLaunchKernel"))
        .allMatch(each -> each.category().equals("async") && !each.waited())
        .allMatch(each -> each.cost("sent_calls") == 1 && each.cost("sent_bytes") > 32);
    assertThat(named(slices, "cuMemcpyHtoD_v2"))
        .hasSize(3)
        .allMatch(each -> !each.waited() && each.cost("sent_bytes") > 4 << 20);
    assertThat(named(slices, "cuMemcpyDtoH_v2"))
        .allMatch(each -> each.category().equals("sync") && each.waited())
        .allMatch(each -> each.cost("received_bytes") == 4 << 20)
        .allMatch(each -> each.cost("waited_us") > 0 && each.cost("waited_us") <= each.micros());
    double end = 0;
    for (Slice each : slices) {
      assertThat(each.start()).as(each.name()).isGreaterThanOrEqualTo(end);
      end = each.start() + each.micros() - 0.001;
    }
    assertThat(events)
        .filteredOn(each -> "process_name".equals(each.get("name")))
        .singleElement()
        .extracting("args.name")
        .isEqualTo("vector_add");
  }

  /** Several writes of one thread, and of two processes at the same time. */
  @Test
  void processesAreTracksOfTheirOwnAndNothingIsLost() throws Exception {
    run("sh", "-c", "'" + program + "' memsets & '" + program + "' memsets; wait");

    List<String> lines = Files.readAllLines(trace);
    assertThat(lines).startsWith("[").endsWith("]");
    List<String> events = lines.subList(1, lines.size() - 1);
    assertThat(events.subList(0, events.size() - 1)).allMatch(line -> line.endsWith("}},"));
    assertThat(events.get(events.size() - 1)).endsWith("}}");
    Pattern memset = Pattern.compile("\\{.*\"name\":\"cuMemset.*\"pid\":(\\d+),\"tid\":.*");
    Map<String, Long> memsets =
        events.stream()
            .map(memset::matcher)
            .filter(Matcher::matches)
            .collect(Collectors.groupingBy(each -> each.group(1), Collectors.counting()));
    assertThat(memsets).hasSize(2).allSatisfy((pid, count) -> assertThat(count).isEqualTo(100_000));
  }

  @Test
  void commandThatUsesNoGpuLeavesAnEmptyTrace() throws Exception {
    run("true");

    assertThat(events()).isEmpty();
  }

  @Test
  void fileThatIsNoTraceIsLeftAlone() throws Exception {
    Path other = trace.resolveSibling("notes.txt");
    Files.writeString(other, "not a trace");
    ProcessBuilder builder = launcher.run(server, program.toString(), "memsets");
    builder.environment().put("REMORA_TRACE_FILE", other.toString());
    try (Running running = Running.start(builder)) {
      assertThat(running.rest()).containsExactly("set");
      assertThat(running.status()).isZero();
      assertThat(running.errorText().lines())
          .singleElement()
          .asString()
          .contains("The trace can't be written to " + other + ": there is something else in it");
    }
    assertThat(other).hasContent("not a trace");
  }

  @Test
  void placeWhereNothingCanBeWrittenIsToldBeforeTheProgramRuns() throws Exception {
    Path nowhere = trace.resolveSibling("missing").resolve("trace.json");
    try (Running running =
        Running.start(launcher.run(server, "--trace", nowhere.toString(), "echo", "ran"))) {
      assertThat(running.rest()).isEmpty();
      assertThat(running.status()).isEqualTo(2);
      assertThat(running.errorText()).contains("--trace: " + nowhere + " can't be written");
    }
  }

  private void run(String... command) throws Exception {
    List<String> words = new ArrayList<>(List.of("--trace", trace.toString(), "--"));
    words.addAll(List.of(command));
    try (Running running = Running.start(launcher.run(server, words.toArray(String[]::new)))) {
      running.rest();
      assertThat(running.status()).as(running.errorText()).isZero();
      assertThat(running.errorText()).isEmpty();
    }
  }

  @SuppressWarnings("unchecked")
  private List<Map<String, Object>> events() throws Exception {
    LoadSettings settings =
        LoadSettings.builder().setSchema(new JsonSchema()).setCodePointLimit(1 << 30).build();
    return (List<Map<String, Object>>) new Load(settings).loadFromString(Files.readString(trace));
  }

  @SuppressWarnings("unchecked")
  private static List<Slice> slices(List<Map<String, Object>> events) {
    return events.stream()
        .filter(each -> "X".equals(each.get("ph")))
        .map(
            each ->
                new Slice(
                    Objects.requireNonNull(each.get("pid")),
                    Objects.requireNonNull(each.get("tid")),
                    String.valueOf(each.get("name")),
                    String.valueOf(each.get("cat")),
                    number(each, "ts"),
                    number(each, "dur"),
                    (Map<String, Object>) Objects.requireNonNull(each.get("args"))))
        .toList();
  }

  private static List<Slice> named(List<Slice> slices, String name) {
    List<Slice> found = slices.stream().filter(each -> each.name().equals(name)).toList();
    assertThat(found).isNotEmpty();
    return found;
  }

  private static double number(Map<String, Object> event, String key) {
    return ((Number) Objects.requireNonNull(event.get(key))).doubleValue();
  }
}
