// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.trace;

import static org.assertj.core.api.Assertions.assertThat;

import io.remora.v1.TraceReply;
import io.remora.v1.TracedCall;
import io.remora.v1.TracedSession;
import io.remora.v1.TracedWork;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

final class TraceFileTest {
  @TempDir private Path folder;

  private record Event(Map<?, ?> fields) {
    String text(String key) {
      return String.valueOf(fields.get(key));
    }

    double number(String key) {
      return Double.parseDouble(text(key));
    }
  }

  private static List<Event> events(String text) {
    // JSON is YAML.
    Object read =
        new Load(LoadSettings.builder().setCodePointLimit(1 << 28).build()).loadFromString(text);
    Object events = ((Map<?, ?>) read).get("traceEvents");
    assertThat(events).isInstanceOf(List.class);
    return ((List<?>) Objects.requireNonNull(events))
        .stream().map(each -> new Event((Map<?, ?>) each)).toList();
  }

  private static TraceReply reply(TracedCall call, TracedWork work) {
    return TraceReply.newBuilder()
        .setBeginUnixMillis(1)
        .addSessions(TracedSession.newBuilder().setId("ab").setProgram("nbody"))
        .addCalls(call)
        .addWorks(work)
        .build();
  }

  @Test
  void aSessionHasLanesForItsCallsItsQueueAndItsRuns() throws Exception {
    TraceFile trace = new TraceFile();
    trace.add(
        reply(
            TracedCall.newBuilder()
                .setSequence(7)
                .setName("cuLaunchKernel")
                .setBeginNanos(1000)
                .setEndNanos(2500)
                .build(),
            TracedWork.newBuilder()
                .setSequence(7)
                .setName("spin")
                .setSubmittedNanos(2000)
                .setIssuedNanos(5000)
                .setEndedNanos(9001)
                .setRunNanos(3000)
                .build()));
    Path file = folder.resolve("trace.json.gz");
    trace.write(file);
    List<Event> events;
    try (InputStream in = new GZIPInputStream(Files.newInputStream(file))) {
      events = events(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    }
    assertThat(events.stream().filter(event -> event.text("ph").equals("X")))
        .extracting(event -> event.text("name") + " " + event.text("ts") + " " + event.text("dur"))
        .containsExactly("cuLaunchKernel 1.0 1.5", "spin 2.0 3.0", "spin 6.001 3.0");
    assertThat(events.stream().filter(event -> event.text("name").equals("thread_name")))
        .extracting(event -> event.text("args"))
        .containsExactly("{name=client call}", "{name=queue}", "{name=run}");
    assertThat(events).anyMatch(event -> event.text("ph").equals("C"));
    assertThat(trace.undrawn()).isZero();
  }

  @Test
  void spansOfOneRowNeverOverlap() throws Exception {
    long seed = Long.getLong("seed", 5);
    System.out.println("seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    TraceFile trace = new TraceFile();
    trace.add(TraceReply.newBuilder().addSessions(TracedSession.newBuilder().setId("ab")).build());
    for (int i = 0; i < 3000; i++) {
      long submitted = random.nextLong(1_000_000);
      long issued = submitted + random.nextLong(20_000);
      long ended = issued + random.nextLong(5_000);
      trace.add(
          TraceReply.newBuilder()
              .addWorks(
                  TracedWork.newBuilder()
                      .setSequence(i)
                      .setName("k")
                      .setSubmittedNanos(submitted)
                      .setIssuedNanos(issued)
                      .setEndedNanos(ended)
                      .setRunNanos(ended - issued))
              .build());
    }
    Path file = folder.resolve("trace.json");
    trace.write(file);
    Map<String, Double> ends = new HashMap<>();
    int drawn = 0;
    for (Event event : events(Files.readString(file))) {
      if (event.text("ph").equals("X")) {
        double begin = event.number("ts");
        assertThat(begin).isGreaterThanOrEqualTo(ends.getOrDefault(event.text("tid"), 0.0) - 1e-6);
        ends.put(event.text("tid"), begin + event.number("dur"));
        drawn++;
      }
    }
    assertThat(drawn + trace.undrawn()).isEqualTo(6000);
    assertThat(trace.undrawn()).as("more overlap than there are rows").isPositive();
  }
}
