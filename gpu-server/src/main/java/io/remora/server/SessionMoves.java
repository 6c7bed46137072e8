// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.StreamObserver;
import io.remora.server.session.MoveListener;
import io.remora.server.tenant.Tenant;
import io.remora.server.watch.DeviceModes;
import io.remora.server.watch.LiveSession;
import io.remora.server.watch.Viewer;
import io.remora.v1.DrainDeviceReply;
import io.remora.v1.DrainDeviceRequest;
import io.remora.v1.MemberState;
import io.remora.v1.MoveSessionReply;
import io.remora.v1.MoveSessionRequest;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Moves sessions between devices, for operators. Called on event loops; never blocks. */
final class SessionMoves {
  private static final Logger log = LoggerFactory.getLogger(SessionMoves.class);
  private static final int MILLIS_MAX = 60_000;
  private static final int MILLIS_DEFAULT = 5_000;

  private final Overview overview;
  private final AdminActions actions;
  private final @Nullable MemberMoves members;

  /**
   * @param actions knows sessions by the beginnings of their ids
   * @param members moves sessions to other members of the pool; null: there are none
   */
  SessionMoves(Overview overview, AdminActions actions, @Nullable MemberMoves members) {
    this.members = members;
    this.overview = overview;
    this.actions = actions;
  }

  /** Moves a session, and replies when it is there. */
  void move(MoveSessionRequest request, Viewer viewer, StreamObserver<MoveSessionReply> observer)
      throws StatusException {
    if (!viewer.operator()) {
      throw AdminActions.noOperator(viewer, "");
    }
    LiveSession session = actions.find(request.getId(), viewer);
    int millis = request.getMillis() == 0 ? MILLIS_DEFAULT : request.getMillis();
    if (millis < 0 || millis > MILLIS_MAX) {
      throw Status.INVALID_ARGUMENT
          .withDescription("a session is waited for for " + MILLIS_MAX / 1000 + " s at most")
          .asException();
    }
    if (!request.getMember().isEmpty()) {
      moveTo(request.getMember(), millis, session, viewer, observer);
      return;
    }
    checkTarget(request.getDevice(), session);
    int from = request.hasFrom() ? request.getFrom() : -1;
    stream(session)
        .move(
            from,
            request.getDevice(),
            TimeUnit.MILLISECONDS.toNanos(millis),
            new Reply(session, request.getDevice(), viewer, observer));
  }

  private void moveTo(
      String member,
      int millis,
      LiveSession session,
      Viewer viewer,
      StreamObserver<MoveSessionReply> observer)
      throws StatusException {
    if (members == null || !members.canMove()) {
      throw Status.FAILED_PRECONDITION
          .withDescription("this server belongs to no pool: it can move sessions between devices")
          .asException();
    }
    members.move(
        stream(session),
        session,
        member,
        millis,
        new MemberMoveListener() {
          @Override
          public void moved(MemberState to, long bytes) {
            overview.audit().movedTo(viewer.tenant(), session, to.getName(), bytes);
            observer.onNext(
                MoveSessionReply.newBuilder()
                    .setId(session.id())
                    .setBytes(bytes)
                    .setServer(to.getServer())
                    .build());
            observer.onCompleted();
          }

          @Override
          public void refused(String why) {
            observer.onError(stays(session, why));
          }
        });
  }

  private static StatusException stays(LiveSession session, String why) {
    return Status.FAILED_PRECONDITION
        .withDescription("session " + session.id() + " stays where it is: " + why)
        .asException();
  }

  /**
   * Drains a device and moves its sessions to other devices, one after the other; replies when each
   * has moved or stays. Those that stay are ended then, if that is asked for.
   */
  void drain(DrainDeviceRequest request, Viewer viewer, StreamObserver<DrainDeviceReply> observer)
      throws StatusException {
    if (request.getUndo()) {
      throw Status.INVALID_ARGUMENT
          .withDescription("a device that is given back to new sessions keeps those that it has")
          .asException();
    }
    DrainDeviceRequest first = request.toBuilder().setEndSessions(false).build();
    DrainDeviceReply unused = actions.drainDevice(first, viewer);
    new Emptying(request, viewer, observer).next();
  }

  /** Moves the sessions of a device that is drained. */
  private final class Emptying {
    private final DrainDeviceRequest request;
    private final Viewer viewer;
    private final StreamObserver<DrainDeviceReply> observer;
    private final Deque<LiveSession> left;
    private int moved;

    Emptying(DrainDeviceRequest request, Viewer viewer, StreamObserver<DrainDeviceReply> observer) {
      this.request = request;
      this.viewer = viewer;
      this.observer = observer;
      this.left = new ArrayDeque<>(actions.on(request.getOrdinal()));
    }

    /** One thread at a time: each move's end begins the next. */
    void next() {
      while (true) {
        LiveSession session = left.pollFirst();
        if (session == null) {
          end();
          return;
        }
        OptionalInt to = target(session, request.getOrdinal());
        SessionStream stream = find(session);
        if (to.isPresent() && stream != null) {
          move(session, stream, to.getAsInt());
          return;
        }
      }
    }

    private void move(LiveSession session, SessionStream stream, int to) {
      stream.move(
          request.getOrdinal(),
          to,
          TimeUnit.MILLISECONDS.toNanos(MILLIS_DEFAULT),
          new MoveListener() {
            @Override
            public void moved(int from, long bytes) {
              overview.audit().moved(viewer.tenant(), session, from, to, bytes);
              moved++;
              next();
            }

            @Override
            public void refused(String why) {
              log.info(
                  "session {} stays on the drained device {}: {}",
                  session.id(),
                  request.getOrdinal(),
                  why);
              next();
            }
          });
    }

    private void end() {
      observer.onNext(actions.drained(request, viewer).toBuilder().setMoved(moved).build());
      observer.onCompleted();
    }
  }

  /**
   * Where a session could go: of the devices that its tenant may use the one with fewest others.
   */
  private OptionalInt target(LiveSession session, int from) {
    Optional<Tenant> tenant = overview.tenants().find(session.tenant());
    if (tenant.isEmpty()) {
      return OptionalInt.empty();
    }
    return overview.reception().modes().left(tenant.get().devices()).stream()
        .mapToInt(Integer::intValue)
        .filter(each -> each != from)
        .boxed()
        .min(Comparator.comparingInt((Integer each) -> actions.on(each).size()))
        .map(OptionalInt::of)
        .orElse(OptionalInt.empty());
  }

  private @Nullable SessionStream find(LiveSession session) {
    return overview.streams().find(session.id());
  }

  private void checkTarget(int device, LiveSession session) throws StatusException {
    DeviceModes modes = overview.reception().modes();
    if (device < 0 || device >= modes.devices()) {
      throw Status.NOT_FOUND
          .withDescription(
              "there is no device "
                  + Integer.toUnsignedString(device)
                  + ": this server has "
                  + modes.devices()
                  + ", numbered from 0")
          .asException();
    }
    if (modes.isDrained(device)) {
      throw Status.FAILED_PRECONDITION
          .withDescription(
              "device " + device + " is drained: `remora device drain --undo` gives it back")
          .asException();
    }
    Optional<Tenant> tenant = overview.tenants().find(session.tenant());
    if (!tenant.map(each -> each.mayUse(device)).orElse(false)) {
      throw Status.FAILED_PRECONDITION
          .withDescription(
              "tenant '"
                  + session.tenant()
                  + "' may not use device "
                  + device
                  + ": `remora tenant set` can allow it")
          .asException();
    }
  }

  private SessionStream stream(LiveSession session) throws StatusException {
    SessionStream stream = find(session);
    if (stream != null) {
      return stream;
    }
    throw Status.NOT_FOUND
        .withDescription("session " + session.id() + " has just ended")
        .asException();
  }

  /** Tells the caller how it ended. */
  private final class Reply implements MoveListener {
    private final LiveSession session;
    private final int to;
    private final Viewer viewer;
    private final StreamObserver<MoveSessionReply> observer;

    Reply(LiveSession session, int to, Viewer viewer, StreamObserver<MoveSessionReply> observer) {
      this.session = session;
      this.to = to;
      this.viewer = viewer;
      this.observer = observer;
    }

    @Override
    public void moved(int from, long bytes) {
      overview.audit().moved(viewer.tenant(), session, from, to, bytes);
      observer.onNext(
          MoveSessionReply.newBuilder().setId(session.id()).setFrom(from).setBytes(bytes).build());
      observer.onCompleted();
    }

    @Override
    public void refused(String why) {
      observer.onError(stays(session, why));
    }
  }
}
