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
import io.grpc.stub.StreamObserver;
import io.remora.server.driver.DeviceDescription;
import io.remora.server.queue.TenantUse;
import io.remora.server.tenant.Identification;
import io.remora.server.tenant.Identification.Known;
import io.remora.server.tenant.MemoryLedger;
import io.remora.server.tenant.Refused;
import io.remora.server.tenant.Tenant;
import io.remora.server.tenant.TenantRegistry;
import io.remora.v1.AdminGrpc;
import io.remora.v1.DeviceUse;
import io.remora.v1.StatisticsReply;
import io.remora.v1.StatisticsRequest;
import java.util.function.LongSupplier;

/** Answers a tenant's questions about itself. Called on event loops; nothing here blocks. */
final class AdminService extends AdminGrpc.AdminImplBase {
  private static final Context.Key<Tenant> CALLER = Context.key("remora-tenant");

  private final TenantRegistry tenants;
  private final DeviceRooms rooms;
  private final LongSupplier nanoClock;

  private AdminService(TenantRegistry tenants, DeviceRooms rooms, LongSupplier nanoClock) {
    this.tenants = tenants;
    this.rooms = rooms;
    this.nanoClock = nanoClock;
  }

  /** The service behind a check of the caller's token. */
  static ServerServiceDefinition definition(
      TenantRegistry tenants, DeviceRooms rooms, LongSupplier nanoClock) {
    return ServerInterceptors.intercept(
        new AdminService(tenants, rooms, nanoClock), new TokenCheck(tenants));
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
      if (tenant.devices().isEmpty() || tenant.devices().contains(device.ordinal())) {
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

  /** Lets tenants in only, and tells the service which one calls. */
  private record TokenCheck(TenantRegistry tenants) implements ServerInterceptor {
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
