// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.remora.server.metrics.DeviceReading;
import io.remora.server.pool.Demand;
import io.remora.server.pool.Placer;
import io.remora.server.tenant.Tenant;
import io.remora.server.tenant.TenantRegistry;
import io.remora.server.watch.LiveSession;
import io.remora.v1.MemberState;
import io.remora.v1.ReserveReply;
import io.remora.v1.ReserveRequest;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Moves sessions of this server to other members of its pool. Any thread. */
final class MemberMoves {
  private final PoolOffice office;
  private final TenantRegistry tenants;
  private final MovedSessions moved;

  MemberMoves(PoolOffice office, TenantRegistry tenants, MovedSessions moved) {
    this.office = office;
    this.tenants = tenants;
    this.moved = moved;
  }

  /** Whether there are other members at all. */
  boolean canMove() {
    return !office.isAlone();
  }

  /**
   * Moves a session to a certain member.
   *
   * @param name of the member
   * @param withinMillis how long the session may need to come to rest
   */
  void move(
      SessionStream stream,
      LiveSession live,
      String name,
      long withinMillis,
      MemberMoveListener listener) {
    Optional<Demand> demand = demand(stream, live, Set.of());
    if (demand.isEmpty()) {
      listener.refused("its tenant is gone");
      return;
    }
    office.member(
        name,
        found -> {
          if (found.isEmpty()) {
            listener.refused(
                "the pool has no member '" + name + "': `remora pool` shows those that it has");
          } else if (name.equals(office.desk().self().name())) {
            listener.refused("it is on '" + name + "' already");
          } else {
            reserve(stream, live, found.get().getState(), demand.get(), withinMillis, listener);
          }
        });
  }

  private void reserve(
      SessionStream stream,
      LiveSession live,
      MemberState member,
      Demand demand,
      long withinMillis,
      MemberMoveListener listener) {
    var unused =
        office
            .links()
            .reserve(
                member.getServer(),
                ReserveRequest.newBuilder()
                    .setPool(office.pool().name())
                    .setTenant(demand.tenant())
                    .setDevices(demand.devices())
                    .setMemoryBytes(demand.memoryBytes())
                    .setTenantSessionsMax(demand.tenantSessionsMax())
                    .setPolicy(demand.policy().word())
                    .build())
            .whenComplete(
                (reply, failure) -> {
                  if (failure != null || reply == null) {
                    listener.refused("'" + member.getName() + "' doesn't answer");
                  } else if (reply.getOutcome() != ReserveReply.Outcome.RESERVED) {
                    listener.refused(
                        reply.getOutcome() == ReserveReply.Outcome.TENANT_LIMIT
                            ? "the tenant has as many sessions as it may have"
                            : reply.getWhy());
                  } else {
                    depart(stream, live, member, reply.getPlacement(), withinMillis, listener);
                  }
                });
  }

  private void depart(
      SessionStream stream,
      LiveSession live,
      MemberState member,
      String placement,
      long withinMillis,
      MemberMoveListener listener) {
    stream.depart(
        TimeUnit.MILLISECONDS.toNanos(withinMillis),
        new SessionCarrier(office, moved, stream, live, member, placement, listener));
  }

  /**
   * Moves a session to whichever member has room for it.
   *
   * @param avoid names of members that have refused it; whoever does so now is added
   * @param withinMillis how long the session may need to come to rest
   */
  void moveAnywhere(
      SessionStream stream,
      LiveSession live,
      Set<String> avoid,
      long withinMillis,
      MemberMoveListener listener) {
    Set<String> others = new HashSet<>(avoid);
    others.add(office.desk().self().name());
    Optional<Demand> demand = demand(stream, live, others);
    if (demand.isEmpty()) {
      listener.refused("its tenant is gone");
      return;
    }
    office.place(
        demand.get(),
        new Placer.Listener() {
          @Override
          public void position(int position) {}

          @Override
          public void placed(List<Placer.Grant> grants) {
            // One: the demand is for devices of one member.
            Placer.Grant grant = grants.get(0);
            avoid.add(grant.member().getName());
            depart(stream, live, grant.member(), grant.placement(), withinMillis, listener);
          }

          @Override
          public void refused(Placer.Refusal reason, String message) {
            listener.refused(message);
          }

          @Override
          public boolean isGone() {
            return false;
          }
        });
  }

  /** What a session needs elsewhere. While it moves it is counted twice, here and there. */
  private Optional<Demand> demand(SessionStream stream, LiveSession live, Set<String> avoid) {
    Optional<Tenant> tenant = tenants.find(live.tenant());
    long most =
        live.meter().devices().stream().mapToLong(DeviceReading::memoryBytes).max().orElse(0);
    return tenant.map(
        of ->
            new Demand(
                of.name(),
                of.tenantClass(),
                Math.max(1, stream.devices()),
                most,
                Map.of(),
                office.pool().policy(),
                Duration.ZERO,
                (int) Math.min(Integer.MAX_VALUE, office.pool().sessionsMax(of) + 1L),
                avoid,
                false));
  }
}
