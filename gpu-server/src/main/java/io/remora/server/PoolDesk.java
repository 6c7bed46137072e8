// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.Status;
import io.remora.server.metrics.DeviceReading;
import io.remora.server.pool.Demand;
import io.remora.server.pool.MemberTerms;
import io.remora.server.pool.Policy;
import io.remora.server.pool.PoolCounts;
import io.remora.server.pool.PoolFile;
import io.remora.server.pool.Promises;
import io.remora.server.pool.Promises.Promise;
import io.remora.server.tenant.Tenant;
import io.remora.server.tenant.TenantClass;
import io.remora.server.tenant.TenantGrant;
import io.remora.server.tenant.TenantRegistry;
import io.remora.server.watch.LiveSession;
import io.remora.server.watch.Viewer;
import io.remora.server.watch.Watch;
import io.remora.v1.DeviceMode;
import io.remora.v1.DeviceState;
import io.remora.v1.MemberDevice;
import io.remora.v1.MemberState;
import io.remora.v1.ReserveReply;
import io.remora.v1.ReserveReply.Outcome;
import io.remora.v1.ReserveRequest;
import io.remora.v1.ServerState;
import io.remora.v1.TenantOnDevice;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One member's own share in a pool: promises room on this server's devices, lets in the sessions
 * that come for it, and says how the server stands. Any thread may call; nothing here blocks.
 */
final class PoolDesk {
  /** Sessions as young as this may not show in what is measured. */
  private static final long RECENT_NANOS = 2_000_000_000;

  private static final Status COUNTS_UNKNOWN =
      Status.UNAVAILABLE.withDescription(
          "the pool's registry can't be reached, so nobody can tell how many sessions the tenant"
              + " has: running sessions go on, new ones have to try again later");

  private static final Status TOO_LATE =
      Status.UNAVAILABLE.withDescription(
          "the placement of this session is unknown here or was used: ask the pool for another one");

  /**
   * Who this member is.
   *
   * @param name in the pool
   * @param version of the server
   * @param incarnation another one after each start
   */
  record Identity(String name, String version, String incarnation) {}

  /** What this server consists of, as far as the desk looks at it. */
  record Surroundings(
      TenantRegistry tenants, Reception reception, OpenStreams streams, Watch watch) {}

  private final Identity self;
  private final Supplier<PoolFile> pool;
  private final Surroundings around;
  private final Promises promises;
  private final PoolCounts counts;
  private final AtomicLong revision = new AtomicLong();
  private final Map<SessionStream, Promise> kept = new ConcurrentHashMap<>();
  private volatile String server = "";
  private volatile boolean closed;

  PoolDesk(
      Identity self,
      Supplier<PoolFile> pool,
      Surroundings around,
      Promises promises,
      PoolCounts counts) {
    this.self = self;
    this.pool = pool;
    this.around = around;
    this.promises = promises;
    this.counts = counts;
  }

  Identity self() {
    return self;
  }

  /** Where others reach this server, from now on. */
  void reachedAt(String address) {
    server = address;
  }

  /** Promises nothing from now on. */
  void close() {
    closed = true;
  }

  /** Why no session gets in now; empty if they do. */
  private String whyClosed() {
    if (closed) {
      return "it is stopping";
    }
    if (around.reception.modes().isServerDrained()) {
      return "it is drained";
    }
    return pool.get().terms(self.name()).isEmpty() ? "the pool's file doesn't list it" : "";
  }

  /** Promises room to a session that a member has let in. */
  CompletionStage<ReserveReply> reserve(ReserveRequest request) {
    String why = whyClosed();
    if (!why.isEmpty()) {
      return reply(Outcome.CLOSED, self.name() + ": " + why);
    }
    if (!request.getPool().equals(pool.get().name())) {
      return reply(Outcome.CLOSED, self.name() + " belongs to another pool");
    }
    Optional<Tenant> tenant = around.tenants.find(request.getTenant());
    if (tenant.isEmpty() || tenant.get().hasExpired(around.reception.clock().instant())) {
      return reply(
          Outcome.NO_ROOM, self.name() + " doesn't know tenant '" + request.getTenant() + "'");
    }
    String id = self.name() + "-" + UUID.randomUUID();
    Optional<Promise> promise = promises.make(id, demand(request), bare(tenant.get()));
    if (promise.isEmpty()) {
      return reply(Outcome.NO_ROOM, self.name() + " is full");
    }
    return counts
        .take(request.getTenant(), id, request.getTenantSessionsMax())
        .handle(
            (counted, failure) -> {
              if (failure == null && counted) {
                return reservation(Outcome.RESERVED, "", id);
              }
              promises.release(id);
              return failure == null
                  ? reservation(Outcome.TENANT_LIMIT, "", "")
                  : reservation(Outcome.CLOSED, self.name() + ": no registry", "");
            });
  }

  private Demand demand(ReserveRequest request) {
    return new Demand(
        request.getTenant(),
        TenantClass.NORMAL,
        Math.max(1, request.getDevices()),
        request.getMemoryBytes(),
        Map.of(),
        Policy.of(request.getPolicy()).orElse(pool.get().policy()),
        Duration.ZERO,
        request.getTenantSessionsMax(),
        Set.of(),
        false);
  }

  private static CompletionStage<ReserveReply> reply(Outcome outcome, String why) {
    return CompletableFuture.completedFuture(reservation(outcome, why, ""));
  }

  private static ReserveReply reservation(Outcome outcome, String why, String placement) {
    return ReserveReply.newBuilder()
        .setOutcome(outcome)
        .setWhy(why)
        .setPlacement(placement)
        .build();
  }

  /** Takes a promise back that nobody will use; one whose session is there stays. */
  void release(String placement) {
    promises
        .tenantOf(placement)
        .ifPresent(
            tenant -> {
              if (promises.releaseOpen(placement)) {
                counts.give(tenant, placement);
              }
            });
  }

  /** Takes back what nobody came for. */
  void expire() {
    promises.expire().forEach((id, tenant) -> counts.give(tenant, id));
  }

  /**
   * Lets a session of this server into the pool.
   *
   * @param placement what the client was given for it; null: it came by itself
   * @param begin is given what it may use
   * @param refuse is told why it isn't let in; the grant is closed then
   */
  void enter(
      SessionStream stream,
      @Nullable String placement,
      TenantGrant grant,
      Consumer<TenantGrant> begin,
      Consumer<Status> refuse) {
    if (placement != null) {
      enterPlaced(stream, placement, grant, begin, refuse);
      return;
    }
    String id = self.name() + "-" + UUID.randomUUID();
    Optional<Tenant> tenant = around.tenants.find(grant.tenant());
    int max = tenant.map(pool.get()::sessionsMax).orElse(0);
    var unused =
        counts
            .take(grant.tenant(), id, max)
            .whenComplete(
                (counted, failure) -> {
                  if (failure != null || !counted) {
                    grant.close();
                    refuse.accept(failure == null ? atLimit(grant.tenant(), max) : COUNTS_UNKNOWN);
                  } else {
                    begin.accept(
                        grant.withSlot(
                            () -> {
                              counts.give(grant.tenant(), id);
                              grant.close();
                            }));
                  }
                });
  }

  private void enterPlaced(
      SessionStream stream,
      String placement,
      TenantGrant grant,
      Consumer<TenantGrant> begin,
      Consumer<Status> refuse) {
    Optional<Promise> promise = promises.keep(placement, grant.tenant());
    if (promise.isEmpty()) {
      grant.close();
      refuse.accept(TOO_LATE);
      return;
    }
    Set<Integer> devices = new HashSet<>(around.reception.modes().left(promise.get().devices()));
    devices.removeIf(each -> !grant.allows(each));
    Runnable end =
        () -> {
          kept.remove(stream);
          promises.release(placement);
          counts.give(grant.tenant(), placement);
          grant.close();
        };
    if (devices.size() < promise.get().devices().size()) {
      end.run();
      refuse.accept(
          Status.UNAVAILABLE.withDescription(
              "a device of this session's placement has left service: ask the pool for another"
                  + " one"));
      return;
    }
    kept.put(stream, promise.get());
    begin.accept(grant.withDevices(devices).withSlot(end));
  }

  private static Status atLimit(String tenant, int max) {
    return Status.RESOURCE_EXHAUSTED.withDescription(
        "tenant '"
            + tenant
            + "' has "
            + max
            + " sessions in the pool and may have no more: end one, or ask the pool's operator for"
            + " a higher limit");
  }

  /** How this member stands now. */
  MemberState state() {
    MemberTerms terms = pool.get().terms(self.name()).orElse(MemberTerms.ALL);
    String why = whyClosed();
    MemberState.Builder state =
        MemberState.newBuilder()
            .setPool(pool.get().name())
            .setName(self.name())
            .setServer(server)
            .setServerVersion(self.version())
            .setIncarnation(self.incarnation())
            .setServing(why.isEmpty())
            .setWhyNot(why)
            .putAllLabels(terms.labels())
            .putLabels("member", self.name())
            .addAllTenants(terms.tenants())
            .setRevision(revision.incrementAndGet());
    terms.classes().forEach(each -> state.addClasses(MemberTerms.word(each)));
    bare(null).forEach(each -> state.addDevices(promises.on(each)));
    counts.own().forEach(state::putTenantSessions);
    return state.build();
  }

  /**
   * The offered devices as sessions use them, without what is promised.
   *
   * @param tenant only those that it may use; null: all
   */
  private List<MemberDevice> bare(@Nullable Tenant tenant) {
    MemberTerms terms = pool.get().terms(self.name()).orElse(MemberTerms.ALL);
    ServerState server = around.watch.state(Viewer.OPEN);
    Map<Integer, Use> uses = uses();
    return server.getDevicesList().stream()
        .filter(each -> terms.devices().isEmpty() || terms.devices().contains(each.getOrdinal()))
        .filter(each -> tenant == null || tenant.mayUse(each.getOrdinal()))
        .map(each -> device(each, server, uses.getOrDefault(each.getOrdinal(), new Use()), terms))
        .toList();
  }

  private MemberDevice device(DeviceState device, ServerState server, Use use, MemberTerms terms) {
    int ordinal = device.getOrdinal();
    boolean drained = around.reception.modes().isDrained(ordinal);
    return MemberDevice.newBuilder()
        .setOrdinal(ordinal)
        .setName(device.getName())
        .setMode(
            !drained
                ? DeviceMode.SERVING
                : use.sessions == 0 ? DeviceMode.DRAINED : DeviceMode.DRAINING)
        .setTrouble(around.reception.modes().whyTroubled(ordinal))
        .setMemoryBytes(device.getMemoryBytes())
        .setTakenBytes(use.bytes)
        .setSessions(use.sessions)
        .setSessionsMax(terms.sessions())
        .setBusy(device.getBusy())
        .setQueueNanos(queueNanos(server, ordinal))
        .setRecent(use.recent)
        .build();
  }

  private static long queueNanos(ServerState server, int ordinal) {
    return server.getTenantsList().stream()
        .flatMap(each -> each.getDevicesList().stream())
        .filter(each -> each.getOrdinal() == ordinal)
        .mapToLong(TenantOnDevice::getQueueP50Nanos)
        .max()
        .orElse(0);
  }

  /** What sessions make of a device. */
  private static final class Use {
    private int sessions;
    private int recent;
    private long bytes;
  }

  private Map<Integer, Use> uses() {
    long now = around.reception.nanoClock().getAsLong();
    Map<Integer, Use> uses = new HashMap<>();
    for (SessionStream stream : around.streams.snapshot()) {
      LiveSession live = stream.live();
      Promise promise = kept.get(stream);
      Map<Integer, Long> held = new HashMap<>();
      if (promise != null) {
        promise.devices().forEach(each -> held.put(each, 0L));
      }
      if (live != null) {
        for (DeviceReading reading : live.meter().devices()) {
          held.put(reading.ordinal(), reading.memoryBytes());
        }
      }
      boolean recent = live == null || now - live.openedNanos() < RECENT_NANOS;
      held.forEach(
          (ordinal, bytes) -> {
            Use use = uses.computeIfAbsent(ordinal, each -> new Use());
            use.sessions++;
            use.recent += recent ? 1 : 0;
            use.bytes += Math.max(0, bytes - (promise == null ? 0 : promise.memoryBytes()));
          });
    }
    return uses;
  }
}
