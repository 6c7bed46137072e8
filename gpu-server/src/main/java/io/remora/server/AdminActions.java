// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.ServerCallStreamObserver;
import io.remora.server.metrics.DeviceReading;
import io.remora.server.watch.DeviceModes;
import io.remora.server.watch.LiveSession;
import io.remora.server.watch.Tracing;
import io.remora.server.watch.Viewer;
import io.remora.v1.DeviceMode;
import io.remora.v1.DrainDeviceReply;
import io.remora.v1.DrainDeviceRequest;
import io.remora.v1.DrainServerReply;
import io.remora.v1.DrainServerRequest;
import io.remora.v1.EndSessionsReply;
import io.remora.v1.EndSessionsRequest;
import io.remora.v1.TraceReply;
import io.remora.v1.TraceRequest;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What callers of the admin service may do to a server. Called on event loops; never blocks. */
final class AdminActions {
  private static final Logger log = LoggerFactory.getLogger(AdminActions.class);
  private static final int REASON_CHARS_MAX = 200;
  private static final int TRACE_MILLIS_MAX = 60_000;
  private static final int JOIN_MILLIS = 50;
  private static final long GRACE_MILLIS_MAX = 24L * 3600 * 1000;

  private static final Status DRAIN_OVER =
      Status.UNAVAILABLE.withDescription(
          "the server was drained and its grace time is over: start the program again; a client"
              + " that names the pool gets another member");

  /** Counts drains and their undoing, so that a timer knows whether its own is the last. */
  private final AtomicInteger drains = new AtomicInteger();

  private final Overview overview;
  private final ServerHealth health;
  private final ScheduledExecutorService timer;
  private final @Nullable MemberMoves members;
  private final AtomicBoolean tracing = new AtomicBoolean();

  /**
   * @param timer ends recordings
   * @param members moves sessions to other members of the pool; null: there are none
   */
  AdminActions(
      Overview overview,
      ServerHealth health,
      ScheduledExecutorService timer,
      @Nullable MemberMoves members) {
    this.members = members;
    this.overview = overview;
    this.health = health;
    this.timer = timer;
  }

  /** Ends sessions. */
  EndSessionsReply endSessions(EndSessionsRequest request, Viewer viewer) throws StatusException {
    List<LiveSession> ended = new ArrayList<>();
    if (!request.getTenant().isEmpty()) {
      requireKnown(viewer, request.getTenant());
      overview.reception().roll().live().stream()
          .filter(each -> each.tenant().equals(request.getTenant()))
          .forEach(ended::add);
    }
    for (String id : request.getIdsList()) {
      ended.add(find(id, viewer));
    }
    String reason =
        request.getReason().length() > REASON_CHARS_MAX
            ? request.getReason().substring(0, REASON_CHARS_MAX)
            : request.getReason();
    EndSessionsReply.Builder reply = EndSessionsReply.newBuilder();
    for (LiveSession session : ended) {
      end(session, viewer, reason);
      reply.addIds(session.id());
    }
    return reply.build();
  }

  LiveSession find(String id, Viewer viewer) throws StatusException {
    List<LiveSession> found =
        overview.reception().roll().live().stream()
            .filter(each -> viewer.knows(each.tenant()) && each.id().startsWith(id))
            .toList();
    if (id.isEmpty() || found.isEmpty()) {
      throw Status.NOT_FOUND
          .withDescription(
              "there is no session '" + id + "': `remora session list` shows those that are there")
          .asException();
    }
    if (found.size() > 1) {
      throw Status.INVALID_ARGUMENT
          .withDescription(
              found.size() + " sessions begin with '" + id + "': give more digits of the one")
          .asException();
    }
    return found.get(0);
  }

  private void end(LiveSession session, Viewer viewer, String reason) {
    String why = "ended by '" + viewer.tenant() + "'" + (reason.isEmpty() ? "" : ": " + reason);
    overview.audit().ended(viewer.tenant(), session, reason);
    log.info("session {} of tenant {} is {}", session.id(), session.tenant(), why);
    SessionStream stream = overview.streams().find(session.id());
    if (stream != null) {
      stream.end(Status.ABORTED.withDescription("the session was " + why));
    }
  }

  private static void requireKnown(Viewer viewer, String tenant) throws StatusException {
    if (!viewer.knows(tenant)) {
      throw noOperator(viewer, " and may do this to its own sessions only");
    }
  }

  static StatusException noOperator(Viewer viewer, String but) {
    return Status.PERMISSION_DENIED
        .withDescription(
            "'"
                + viewer.tenant()
                + "' is no operator of this server"
                + but
                + ": use an operator's token, or add it to 'operators' in the server's"
                + " configuration")
        .asException();
  }

  /** Takes a device from new sessions, or gives it to them again. */
  DrainDeviceReply drainDevice(DrainDeviceRequest request, Viewer viewer) throws StatusException {
    DeviceModes modes = overview.reception().modes();
    if (!viewer.operator()) {
      throw noOperator(viewer, "");
    }
    int ordinal = request.getOrdinal();
    if (ordinal < 0 || ordinal >= modes.devices()) {
      throw Status.NOT_FOUND
          .withDescription(
              "there is no device "
                  + Integer.toUnsignedString(ordinal)
                  + ": this server has "
                  + modes.devices()
                  + ", numbered from 0")
          .asException();
    }
    if (request.getUndo()) {
      modes.serve(ordinal);
    } else {
      modes.drain(ordinal);
    }
    health.setDevice(ordinal, modes.serves(ordinal));
    overview.audit().drained(viewer.tenant(), ordinal, request.getUndo());
    return drained(request, viewer);
  }

  /**
   * Ends the sessions of a device that is drained, if that is asked for, and says how it stands.
   */
  DrainDeviceReply drained(DrainDeviceRequest request, Viewer viewer) {
    int ordinal = request.getOrdinal();
    List<LiveSession> sessions = on(ordinal);
    if (request.getEndSessions() && !request.getUndo()) {
      sessions.forEach(each -> end(each, viewer, "device " + ordinal + " is drained"));
    }
    DeviceMode drained = sessions.isEmpty() ? DeviceMode.DRAINED : DeviceMode.DRAINING;
    return DrainDeviceReply.newBuilder()
        .setMode(request.getUndo() ? DeviceMode.SERVING : drained)
        .setSessions(sessions.size())
        .build();
  }

  /** Lets no new session in, or lets them in again. */
  DrainServerReply drainServer(DrainServerRequest request, Viewer viewer) throws StatusException {
    if (!viewer.operator()) {
      throw noOperator(viewer, "");
    }
    if (request.getUndo() && request.hasGraceMillis()) {
      throw Status.INVALID_ARGUMENT
          .withDescription("undoing ends nothing: leave the grace time out")
          .asException();
    }
    long grace = request.getGraceMillis();
    if (grace < 0 || grace > GRACE_MILLIS_MAX) {
      throw Status.INVALID_ARGUMENT
          .withDescription("the grace time must be at most 24h")
          .asException();
    }
    int drain = drains.incrementAndGet();
    int running = overview.reception().roll().live().size();
    overview.reception().modes().drainServer(!request.getUndo());
    health.setServer(!request.getUndo());
    overview.audit().drainedServer(viewer.tenant(), request.getUndo());
    log.info(
        "'{}' {}",
        viewer.tenant(),
        request.getUndo() ? "lets sessions in again" : "has drained the server");
    if (!request.getUndo() && members != null && members.canMove()) {
      new Emptying(
              members,
              overview.streams(),
              overview.audit(),
              timer,
              () -> drains.get() == drain,
              viewer.tenant())
          .begin();
    }
    if (request.hasGraceMillis()) {
      var unused = timer.schedule(() -> endDrained(drain), grace, TimeUnit.MILLISECONDS);
    }
    return DrainServerReply.newBuilder().setSessions(running).build();
  }

  /** The grace time of a drain is over, unless it was undone or another one has begun. */
  private void endDrained(int drain) {
    if (drains.get() != drain) {
      return;
    }
    overview.streams().snapshot().forEach(stream -> stream.end(DRAIN_OVER));
  }

  /** The sessions that have a device. */
  List<LiveSession> on(int ordinal) {
    return overview.reception().roll().live().stream().filter(each -> has(each, ordinal)).toList();
  }

  private static boolean has(LiveSession session, int ordinal) {
    return session.meter().devices().stream()
        .mapToInt(DeviceReading::ordinal)
        .anyMatch(each -> each == ordinal);
  }

  /** Records what a tenant's sessions do; replies when it is over. */
  void trace(TraceRequest request, Viewer viewer, ServerCallStreamObserver<TraceReply> observer)
      throws StatusException {
    String tenant = request.getTenant().isEmpty() ? viewer.tenant() : request.getTenant();
    requireKnown(viewer, tenant);
    int millis = request.getMillis();
    if (millis < 1 || millis > TRACE_MILLIS_MAX) {
      throw Status.INVALID_ARGUMENT
          .withDescription("a trace lasts from 1 ms to " + TRACE_MILLIS_MAX / 1000 + " s")
          .asException();
    }
    if (overview.tenants().find(tenant).isEmpty()) {
      throw Status.NOT_FOUND
          .withDescription(
              "there is no tenant '" + tenant + "': `remora top` shows those that there are")
          .asException();
    }
    if (!tracing.compareAndSet(false, true)) {
      throw Status.RESOURCE_EXHAUSTED
          .withDescription("another trace is being recorded: try again when it is over")
          .asException();
    }
    overview.audit().traced(viewer.tenant(), tenant, millis);
    Reception reception = overview.reception();
    Tracing recording =
        new Tracing(tenant, reception.roll(), reception.clock().millis(), reception.nanoClock());
    Future<?> joining =
        timer.scheduleAtFixedRate(
            () -> recording.join(reception.roll()),
            JOIN_MILLIS,
            JOIN_MILLIS,
            TimeUnit.MILLISECONDS);
    // gRPC takes the handler only while the call begins.
    TraceSender sender = new TraceSender(observer);
    observer.setOnReadyHandler(sender::send);
    var unused =
        timer.schedule(
            () -> {
              joining.cancel(false);
              try {
                sender.begin(recording.end());
              } finally {
                tracing.set(false);
              }
            },
            millis,
            TimeUnit.MILLISECONDS);
  }

  /** Sends a recording as fast as the caller takes it, and no faster. */
  private static final class TraceSender {
    private final ServerCallStreamObserver<TraceReply> observer;
    private @Nullable Iterator<TraceReply> left;

    TraceSender(ServerCallStreamObserver<TraceReply> observer) {
      this.observer = observer;
    }

    synchronized void begin(List<TraceReply> replies) {
      left = replies.iterator();
      send();
    }

    /** Called whenever there may be room, also before there is anything to send. */
    synchronized void send() {
      Iterator<TraceReply> replies = left;
      if (replies == null || observer.isCancelled()) {
        return;
      }
      while (replies.hasNext() && observer.isReady()) {
        observer.onNext(replies.next());
      }
      if (!replies.hasNext()) {
        left = null;
        observer.onCompleted();
      }
    }
  }
}
