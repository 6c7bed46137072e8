// SPDX-License-Identifier: Apache-2.0
package io.remora.server.watch;

import io.remora.server.metrics.Recording;
import io.remora.server.metrics.TraceEvent;
import io.remora.v1.TraceReply;
import io.remora.v1.TracedCall;
import io.remora.v1.TracedSession;
import io.remora.v1.TracedWork;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * A recording of what a tenant's sessions do, those too that come while it runs. Belongs to the
 * thread that begins, joins and ends it; sessions write into it.
 */
public final class Tracing {
  /** Some 100 MB on the heap while it lasts. */
  private static final int EVENTS_MAX = 1_000_000;

  /** As many events as a message has at most: below gRPC's usual bound on messages. */
  private static final int EVENTS_PER_REPLY = 20_000;

  private final String tenant;
  private final long beginMillis;
  private final Recording recording;
  private final Map<String, LiveSession> sessions = new LinkedHashMap<>();

  /** Begins to record the sessions that are there. */
  public Tracing(String tenant, SessionRoll roll, long beginMillis, LongSupplier nanoClock) {
    this.tenant = tenant;
    this.beginMillis = beginMillis;
    this.recording = new Recording(nanoClock, EVENTS_MAX);
    join(roll);
  }

  /** Whose sessions. */
  public String tenant() {
    return tenant;
  }

  /** Also records sessions that have come meanwhile; to be called now and then. */
  public void join(SessionRoll roll) {
    for (LiveSession session : roll.live()) {
      if (session.tenant().equals(tenant) && sessions.putIfAbsent(session.id(), session) == null) {
        session.meter().trace(recording.session(session.id()));
      }
    }
  }

  /** Ends the recording; answers all of it, in messages of bounded size. */
  public List<TraceReply> end() {
    sessions.values().forEach(session -> session.meter().trace(null));
    List<TraceEvent> events = recording.end();
    Map<String, Integer> places = new HashMap<>();
    TraceReply.Builder reply = TraceReply.newBuilder().setBeginUnixMillis(beginMillis);
    for (LiveSession session : sessions.values()) {
      places.put(session.id(), places.size());
      reply.addSessions(
          TracedSession.newBuilder()
              .setId(session.id())
              .setProgram(session.program())
              .setProcessId(session.processId())
              .setPeer(session.peer()));
    }
    List<TraceReply> replies = new ArrayList<>();
    for (TraceEvent event : events) {
      add(reply, places.getOrDefault(event.session().sessionId(), 0), event);
      if (reply.getCallsCount() + reply.getWorksCount() >= EVENTS_PER_REPLY) {
        replies.add(reply.build());
        reply = TraceReply.newBuilder();
      }
    }
    replies.add(reply.setLost(recording.lost()).build());
    return replies;
  }

  private void add(TraceReply.Builder reply, int session, TraceEvent event) {
    long begun = recording.begunNanos();
    if (event instanceof TraceEvent.Call call) {
      reply.addCalls(
          TracedCall.newBuilder()
              .setSession(session)
              .setSequence(call.sequence())
              .setName(call.name())
              .setBeginNanos(call.beginNanos() - begun)
              .setEndNanos(call.endNanos() - begun)
              .setWaited(call.waited()));
    } else if (event instanceof TraceEvent.Work work) {
      reply.addWorks(
          TracedWork.newBuilder()
              .setSession(session)
              .setSequence(work.sequence())
              .setName(work.name())
              .setDevice(work.device())
              .setStream(work.stream())
              .setSubmittedNanos(work.submittedNanos() - begun)
              .setIssuedNanos(work.issuedNanos() - begun)
              .setEndedNanos(work.endedNanos() - begun)
              .setRunNanos(work.runNanos())
              .setResult(work.result()));
    }
  }
}
