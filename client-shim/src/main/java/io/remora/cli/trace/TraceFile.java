// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.trace;

import io.remora.json.Json;
import io.remora.v1.TraceReply;
import io.remora.v1.TracedCall;
import io.remora.v1.TracedSession;
import io.remora.v1.TracedWork;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/**
 * A recording in the JSON trace event format, which Perfetto opens: a process for each session, and
 * in it lanes for its calls, for the works that wait and for those that run. Lanes of spans that
 * overlap have several rows.
 */
public final class TraceFile {
  private static final int CALL_LANE = 1000;
  private static final int QUEUE_LANE = 2000;
  private static final int RUN_LANE = 3000;

  private final List<TracedSession> sessions = new ArrayList<>();
  private final List<TracedCall> calls = new ArrayList<>();
  private final List<TracedWork> works = new ArrayList<>();
  private long beginMillis;
  private long lost;
  private long undrawn;

  /** Takes a part of the recording in. */
  public void add(TraceReply reply) {
    if (reply.getBeginUnixMillis() != 0) {
      beginMillis = reply.getBeginUnixMillis();
    }
    sessions.addAll(reply.getSessionsList());
    calls.addAll(reply.getCallsList());
    works.addAll(reply.getWorksList());
    lost += reply.getLost();
  }

  /** How many sessions it has. */
  public int sessions() {
    return sessions.size();
  }

  /** How many calls it has. */
  public int calls() {
    return calls.size();
  }

  /** How many works it has. */
  public int works() {
    return works.size();
  }

  /** What the server had no room for. */
  public long lost() {
    return lost;
  }

  /** Spans that have no row, known once it is written. */
  public long undrawn() {
    return undrawn;
  }

  /** Writes the file; compressed if its name ends in {@code .gz}. */
  public void write(Path file) throws IOException {
    boolean compressed = file.toString().endsWith(".gz");
    try (OutputStream bytes = Files.newOutputStream(file);
        OutputStream packed = compressed ? new GZIPOutputStream(bytes) : bytes;
        Writer out =
            new BufferedWriter(new OutputStreamWriter(packed, StandardCharsets.UTF_8), 1 << 16)) {
      out.write("{\"displayTimeUnit\":\"ns\",\"otherData\":");
      out.write(Json.line(Map.of("recorded", Instant.ofEpochMilli(beginMillis).toString())));
      out.write(",\"traceEvents\":[\n");
      out.write(Json.line(named("process_name", 0, 0, "name", "remora")));
      for (int i = 0; i < sessions.size(); i++) {
        writeSession(out, i);
      }
      out.write("\n]}\n");
    }
  }

  private void writeSession(Writer out, int index) throws IOException {
    TracedSession session = sessions.get(index);
    int process = index + 1;
    event(
        out,
        named(
            "process_name",
            process,
            0,
            "name",
            "session "
                + session.getId()
                + ": "
                + session.getProgram()
                + " ("
                + session.getProcessId()
                + ") from "
                + session.getPeer()));
    Rows callRows = new Rows();
    for (TracedCall call :
        calls.stream()
            .filter(each -> each.getSession() == index)
            .sorted(Comparator.comparingLong(TracedCall::getBeginNanos))
            .toList()) {
      Map<String, Object> details = new LinkedHashMap<>();
      details.put("sequence", call.getSequence());
      details.put("waited", call.getWaited());
      span(
          out,
          process,
          CALL_LANE,
          callRows,
          new Span(call.getName(), call.getBeginNanos(), call.getEndNanos(), details));
    }
    lane(out, process, CALL_LANE, callRows, "client call");
    writeWorks(out, index);
  }

  private void writeWorks(Writer out, int index) throws IOException {
    int process = index + 1;
    List<TracedWork> own = works.stream().filter(each -> each.getSession() == index).toList();
    Rows queueRows = new Rows();
    for (TracedWork work :
        own.stream().sorted(Comparator.comparingLong(TracedWork::getSubmittedNanos)).toList()) {
      Span waits =
          new Span(work.getName(), work.getSubmittedNanos(), work.getIssuedNanos(), details(work));
      span(out, process, QUEUE_LANE, queueRows, waits);
    }
    lane(out, process, QUEUE_LANE, queueRows, "queue");
    Rows runRows = new Rows();
    for (TracedWork work :
        own.stream().sorted(Comparator.comparingLong(TraceFile::runBegin)).toList()) {
      Span runs = new Span(work.getName(), runBegin(work), work.getEndedNanos(), details(work));
      span(out, process, RUN_LANE, runRows, runs);
    }
    lane(out, process, RUN_LANE, runRows, "run");
    writeQueued(out, process, own);
  }

  private static long runBegin(TracedWork work) {
    return work.getEndedNanos() - work.getRunNanos();
  }

  private static Map<String, Object> details(TracedWork work) {
    Map<String, Object> details = new LinkedHashMap<>();
    details.put("sequence", work.getSequence());
    details.put("device", work.getDevice());
    details.put("stream", Long.toHexString(work.getStream()));
    details.put("queue_us", micros(work.getIssuedNanos() - work.getSubmittedNanos()));
    details.put("device_us", micros(work.getRunNanos()));
    details.put("result", work.getResult());
    return details;
  }

  /** How many works waited at each moment, however many there are. */
  private static void writeQueued(Writer out, int process, List<TracedWork> own)
      throws IOException {
    List<long[]> steps = new ArrayList<>();
    for (TracedWork work : own) {
      steps.add(new long[] {work.getSubmittedNanos(), 1});
      steps.add(new long[] {work.getIssuedNanos(), -1});
    }
    steps.sort(
        Comparator.<long[]>comparingLong(step -> step[0]).thenComparingLong(step -> -step[1]));
    long queued = 0;
    for (int i = 0; i < steps.size(); i++) {
      queued += steps.get(i)[1];
      if (i + 1 == steps.size() || steps.get(i + 1)[0] != steps.get(i)[0]) {
        Map<String, Object> counter = new LinkedHashMap<>();
        counter.put("ph", "C");
        counter.put("pid", process);
        counter.put("name", "queued");
        counter.put("ts", micros(steps.get(i)[0]));
        counter.put("args", Map.of("works", queued));
        event(out, counter);
      }
    }
  }

  private record Span(String name, long beginNanos, long endNanos, Map<String, Object> details) {}

  private void span(Writer out, int process, int lane, Rows rows, Span span) throws IOException {
    int row = rows.place(span.beginNanos(), span.endNanos());
    if (row < 0) {
      undrawn++;
      return;
    }
    Map<String, Object> event = new LinkedHashMap<>();
    event.put("ph", "X");
    event.put("pid", process);
    event.put("tid", lane + row);
    event.put("name", span.name());
    event.put("ts", micros(span.beginNanos()));
    event.put("dur", micros(span.endNanos() - span.beginNanos()));
    event.put("args", span.details());
    event(out, event);
  }

  /** Names a lane's rows and puts them in order. */
  private static void lane(Writer out, int process, int lane, Rows rows, String name)
      throws IOException {
    for (int row = 0; row < rows.count(); row++) {
      String shown = row == 0 ? name : name + " " + (row + 1);
      event(out, named("thread_name", process, lane + row, "name", shown));
      event(out, named("thread_sort_index", process, lane + row, "sort_index", lane + row));
    }
  }

  private static Map<String, Object> named(
      String what, int process, int thread, String key, Object value) {
    Map<String, Object> event = new LinkedHashMap<>();
    event.put("ph", "M");
    event.put("pid", process);
    event.put("tid", thread);
    event.put("name", what);
    event.put("args", Map.of(key, value));
    return event;
  }

  private static BigDecimal micros(long nanos) {
    return BigDecimal.valueOf(nanos, 3);
  }

  private static void event(Writer out, Map<String, Object> event) throws IOException {
    out.write(",\n");
    out.write(Json.line(event));
  }
}
