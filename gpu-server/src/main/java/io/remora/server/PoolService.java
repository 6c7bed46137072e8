// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.remora.server.pool.Demand;
import io.remora.server.pool.Placer;
import io.remora.server.pool.PoolToken;
import io.remora.server.tenant.Tenant;
import io.remora.v1.Grant;
import io.remora.v1.KnownMember;
import io.remora.v1.MemberRequest;
import io.remora.v1.MemberState;
import io.remora.v1.MembersReply;
import io.remora.v1.MembersRequest;
import io.remora.v1.PlaceReply;
import io.remora.v1.PlaceRequest;
import io.remora.v1.PoolGrpc;
import io.remora.v1.ReleaseReply;
import io.remora.v1.ReleaseRequest;
import io.remora.v1.ReserveReply;
import io.remora.v1.ReserveRequest;
import java.util.List;
import java.util.Set;

/**
 * Answers clients who look for room, and the other members. Called on event loops; hands over to
 * the placer's thread.
 */
final class PoolService extends PoolGrpc.PoolImplBase {
  private static final Set<String> OF_CLIENTS =
      Set.of(
          PoolGrpc.getPlaceMethod().getFullMethodName(),
          PoolGrpc.getMembersMethod().getFullMethodName());

  private static final Status NO_MEMBER =
      Status.PERMISSION_DENIED.withDescription(
          "this question is for members of the pool: the pool's token is missing or another one");

  private final PoolOffice office;

  private PoolService(PoolOffice office) {
    this.office = office;
  }

  /** The service behind checks of who calls. */
  static ServerServiceDefinition definition(PoolOffice office, ServerInterceptor tenantCheck) {
    return ServerInterceptors.intercept(
        new PoolService(office), new CallerCheck(office, tenantCheck));
  }

  /** Lets members of the pool in only. */
  static ServerInterceptor memberCheck(PoolOffice office, ServerInterceptor tenantCheck) {
    return new CallerCheck(office, tenantCheck);
  }

  @Override
  public void place(PlaceRequest request, StreamObserver<PlaceReply> observer) {
    Tenant tenant = AdminService.caller();
    var call = (ServerCallStreamObserver<PlaceReply>) observer;
    Demand demand;
    try {
      demand = Demand.of(request, tenant, office.pool());
    } catch (IllegalArgumentException e) {
      observer.onError(Status.INVALID_ARGUMENT.withDescription(e.getMessage()).asException());
      return;
    }
    if (!office.canCount()) {
      observer.onError(
          Status.UNAVAILABLE
              .withDescription(
                  "the pool's registry can't be reached: running sessions go on, new ones have to"
                      + " try again later")
              .asException());
      return;
    }
    // gRPC takes the handler only while the call begins; without one, a write would throw.
    call.setOnCancelHandler(() -> {});
    office.place(demand, new Reply(office, call));
  }

  @Override
  public void members(MembersRequest request, StreamObserver<MembersReply> observer) {
    String tenant = AdminService.caller().name();
    office.members(
        reply -> {
          observer.onNext(office.isOperator(tenant) ? reply : seenBy(tenant, reply));
          observer.onCompleted();
        });
  }

  /** Who the other tenants are is the operators' to know. */
  private static MembersReply seenBy(String tenant, MembersReply reply) {
    MembersReply.Builder seen = reply.toBuilder();
    for (KnownMember.Builder member : seen.getMembersBuilderList()) {
      MemberState.Builder state = member.getStateBuilder();
      int own = state.getTenantSessionsOrDefault(tenant, 0);
      state.clearTenantSessions().clearTenants();
      if (own > 0) {
        state.putTenantSessions(tenant, own);
      }
    }
    return seen.build();
  }

  @Override
  public void member(MemberRequest request, StreamObserver<MemberState> observer) {
    if (!request.getPool().equals(office.pool().name())) {
      observer.onError(
          Status.FAILED_PRECONDITION
              .withDescription("this server belongs to the pool '" + office.pool().name() + "'")
              .asException());
      return;
    }
    observer.onNext(office.desk().state());
    observer.onCompleted();
  }

  @Override
  public void reserve(ReserveRequest request, StreamObserver<ReserveReply> observer) {
    var unused =
        office
            .desk()
            .reserve(request)
            .whenComplete(
                (reply, failure) -> {
                  if (failure != null) {
                    observer.onError(Status.INTERNAL.withCause(failure).asException());
                  } else {
                    observer.onNext(reply);
                    observer.onCompleted();
                  }
                });
  }

  @Override
  public void release(ReleaseRequest request, StreamObserver<ReleaseReply> observer) {
    office.desk().release(request.getPlacement());
    observer.onNext(ReleaseReply.getDefaultInstance());
    observer.onCompleted();
  }

  /** Tells a client what becomes of it. */
  private record Reply(PoolOffice office, ServerCallStreamObserver<PlaceReply> call)
      implements Placer.Listener {
    @Override
    public void position(int position) {
      if (!call.isCancelled()) {
        call.onNext(PlaceReply.newBuilder().setPosition(position).build());
      }
    }

    @Override
    public void placed(List<Placer.Grant> grants) {
      if (call.isCancelled()) {
        grants.forEach(each -> office.giveBack(each.member(), each.placement()));
        return;
      }
      Placer.Grant first = grants.get(0);
      PlaceReply.Builder reply =
          PlaceReply.newBuilder()
              .setMember(first.member().getName())
              .setServer(office.isAlone() ? "" : first.member().getServer())
              .setPlacement(first.placement());
      for (Placer.Grant more : grants.subList(1, grants.size())) {
        reply.addMore(
            Grant.newBuilder()
                .setMember(more.member().getName())
                .setServer(more.member().getServer())
                .setPlacement(more.placement()));
      }
      call.onNext(reply.build());
      call.onCompleted();
    }

    @Override
    public void refused(Placer.Refusal reason, String message) {
      Status status =
          switch (reason) {
            case NEVER -> Status.NOT_FOUND;
            case FULL, TENANT_LIMIT -> Status.RESOURCE_EXHAUSTED;
            case STOPPING -> Status.UNAVAILABLE;
          };
      if (!call.isCancelled()) {
        call.onError(status.withDescription(message).asException());
      }
    }

    @Override
    public boolean isGone() {
      return call.isCancelled();
    }
  }

  /** Clients show their tenant's token, members the pool's. */
  private record CallerCheck(PoolOffice office, ServerInterceptor tenantCheck)
      implements ServerInterceptor {
    @Override
    public <Q, S> ServerCall.Listener<Q> interceptCall(
        ServerCall<Q, S> call, Metadata headers, ServerCallHandler<Q, S> next) {
      if (OF_CLIENTS.contains(call.getMethodDescriptor().getFullMethodName())) {
        return tenantCheck.interceptCall(call, headers, next);
      }
      String shown = headers.get(PoolLinks.POOL_TOKEN);
      for (PoolToken token : office.tokens()) {
        if (token.matches(shown)) {
          return next.startCall(call, headers);
        }
      }
      call.close(NO_MEMBER, new Metadata());
      return new ServerCall.Listener<>() {};
    }
  }
}
