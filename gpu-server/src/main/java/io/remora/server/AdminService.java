// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.remora.server.driver.DeviceDescription;
import io.remora.server.queue.TenantUse;
import io.remora.server.tenant.Identification;
import io.remora.server.tenant.Identification.Known;
import io.remora.server.tenant.MemoryLedger;
import io.remora.server.tenant.Refused;
import io.remora.server.tenant.Tenant;
import io.remora.server.tenant.TenantRegistry;
import io.remora.server.watch.Viewer;
import io.remora.server.watch.Watch;
import io.remora.v1.AdminGrpc;
import io.remora.v1.DeviceUse;
import io.remora.v1.DrainDeviceReply;
import io.remora.v1.DrainDeviceRequest;
import io.remora.v1.DrainServerReply;
import io.remora.v1.DrainServerRequest;
import io.remora.v1.EndSessionsReply;
import io.remora.v1.EndSessionsRequest;
import io.remora.v1.HistoryReply;
import io.remora.v1.HistoryRequest;
import io.remora.v1.MoveSessionReply;
import io.remora.v1.MoveSessionRequest;
import io.remora.v1.ServerState;
import io.remora.v1.StateRequest;
import io.remora.v1.StatisticsReply;
import io.remora.v1.StatisticsRequest;
import io.remora.v1.TraceReply;
import io.remora.v1.TraceRequest;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Answers a tenant's questions about itself, and an operator's about everything. Called on event
 * loops; nothing here blocks.
 */
final class AdminService extends AdminGrpc.AdminImplBase {
  private static final Context.Key<Tenant> CALLER = Context.key("remora-tenant");

  private final TenantRegistry tenants;
  private final DeviceRooms rooms;
  private final Set<String> operators;
  private final Watch watch;
  private final AdminActions actions;
  private final SessionMoves moves;
  private final LongSupplier nanoClock = new ServerClock();

  private AdminService(
      TenantRegistry tenants,
      Set<String> operators,
      DeviceRooms rooms,
      Watch watch,
      AdminActions actions,
      SessionMoves moves) {
    this.tenants = tenants;
    this.operators = operators;
    this.rooms = rooms;
    this.watch = watch;
    this.actions = actions;
    this.moves = moves;
  }

  /** The service behind a check of the caller's token. */
  static ServerServiceDefinition definition(
      TenantRegistry tenants,
      Set<String> operators,
      DeviceRooms rooms,
      Watch watch,
      AdminActions actions,
      SessionMoves moves) {
    return ServerInterceptors.intercept(
        new AdminService(tenants, operators, rooms, watch, actions, moves),
        new TokenCheck(tenants));
  }

  @Override
  public void state(StateRequest request, StreamObserver<ServerState> observer) {
    observer.onNext(watch.state(viewer()));
    observer.onCompleted();
  }

  @Override
  public void history(HistoryRequest request, StreamObserver<HistoryReply> observer) {
    observer.onNext(watch.history(request.getSinceUnixMillis(), viewer()));
    observer.onCompleted();
  }

  @Override
  public void endSessions(EndSessionsRequest request, StreamObserver<EndSessionsReply> observer) {
    answer(observer, () -> actions.endSessions(request, viewer()));
  }

  @Override
  public void drainDevice(DrainDeviceRequest request, StreamObserver<DrainDeviceReply> observer) {
    if (!request.getMoveSessions()) {
      answer(observer, () -> actions.drainDevice(request, viewer()));
      return;
    }
    try {
      moves.drain(request, viewer(), observer);
    } catch (StatusException refused) {
      observer.onError(refused);
    }
  }

  @Override
  public void moveSession(MoveSessionRequest request, StreamObserver<MoveSessionReply> observer) {
    try {
      moves.move(request, viewer(), observer);
    } catch (StatusException refused) {
      observer.onError(refused);
    }
  }

  @Override
  public void drainServer(DrainServerRequest request, StreamObserver<DrainServerReply> observer) {
    answer(observer, () -> actions.drainServer(request, viewer()));
  }

  @Override
  public void trace(TraceRequest request, StreamObserver<TraceReply> observer) {
    try {
      actions.trace(request, viewer(), (ServerCallStreamObserver<TraceReply>) observer);
    } catch (StatusException refused) {
      observer.onError(refused);
    }
  }

  /** Something that may be refused. */
  private interface Action<T> {
    T run() throws StatusException;
  }

  private static <T> void answer(StreamObserver<T> observer, Action<T> action) {
    T reply;
    try {
      reply = action.run();
    } catch (StatusException refused) {
      observer.onError(refused);
      return;
    }
    observer.onNext(reply);
    observer.onCompleted();
  }

  private Viewer viewer() {
    return Viewer.of(CALLER.get(), operators);
  }

  @Override
  public void statistics(StatisticsRequest request, StreamObserver<StatisticsReply> observer) {
    Tenant tenant = CALLER.get();
    MemoryLedger memory = tenants.memory(tenant.name());
    StatisticsReply.Builder reply =
        StatisticsReply.newBuilder()
            .setTenant(tenant.name())
            .setWeight(tenant.weight())
            .setClockNanos(nanoClock.getAsLong())
            .setMemoryReservedBytes(memory.reservedBytes())
            .setMemoryQuotaBytes(memory.quotaBytes());
    for (DeviceDescription device : rooms.driver().devices()) {
      if (tenant.mayUse(device.ordinal())) {
        TenantUse use = rooms.use(device.ordinal(), tenant.name());
        reply.addDevices(
            DeviceUse.newBuilder()
                .setOrdinal(device.ordinal())
                .setDeviceNanos(use.deviceNanos())
                .setQueueNanos(use.queueNanos())
                .setWorks(use.works()));
      }
    }
    observer.onNext(reply.build());
    observer.onCompleted();
  }

  /** The tenant that calls a service behind a {@link TokenCheck}. */
  static Tenant caller() {
    return CALLER.get();
  }

  /** Lets tenants in only, and tells the service which one calls. */
  record TokenCheck(TenantRegistry tenants) implements ServerInterceptor {
    @Override
    public <Q, S> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
      Identification caller = tenants.identify(SessionGate.bearerToken(headers));
      if (caller instanceof Known known) {
        Context context = Context.current().withValue(CALLER, known.tenant());
        return Contexts.interceptCall(context, call, headers, next);
      }
      Status status = Statuses.of((Refused) caller);
      call.close(status, new Metadata());
      return new ServerCall.Listener<>() {};
    }
  }
}
