// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.server.tenant.TenantClass;
import io.remora.v1.MemberDevice;
import io.remora.v1.MemberState;
import io.remora.v1.ReserveReply;
import io.remora.v1.ReserveReply.Outcome;
import io.remora.v1.ReserveRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** A member with simulated devices around the real promises. */
final class SimulatedMember {
  static final int DEVICES = 4;
  static final int PLACES = 16;
  static final long DEVICE_BYTES = 80L << 30;

  final String name;
  private final SimulatedTime time;
  private final SimulatedRegistry.Of counts;
  private final String zone;
  private Promises promises;
  private int incarnation;
  private long revision;
  private long ids;
  boolean up = true;
  boolean draining;

  /** What was promised and not given back, kept here a second time: by id. */
  private final Map<String, Promises.Promise> book = new HashMap<>();

  /** What to tell the clients of its sessions when it dies, by id. */
  final Map<String, Runnable> sessions = new HashMap<>();

  SimulatedMember(String name, String zone, SimulatedTime time, SimulatedRegistry.Of counts) {
    this.name = name;
    this.zone = zone;
    this.time = time;
    this.counts = counts;
    promises = new Promises(time::nanos);
  }

  private List<MemberDevice> bare() {
    List<MemberDevice> devices = new ArrayList<>();
    for (int ordinal = 0; ordinal < DEVICES; ordinal++) {
      int here = ordinal;
      int running =
          (int) sessions.keySet().stream().filter(id -> of(id).devices().contains(here)).count();
      devices.add(
          MemberDevice.newBuilder()
              .setOrdinal(ordinal)
              .setMemoryBytes(DEVICE_BYTES)
              .setSessions(running)
              .setSessionsMax(PLACES)
              .setBusy(Math.min(1, running / 8.0))
              .build());
    }
    return devices;
  }

  MemberState state() {
    MemberState.Builder state =
        MemberState.newBuilder()
            .setPool("sim")
            .setName(name)
            .setServer(name + ":7443")
            .setIncarnation(name + "#" + incarnation)
            .setRevision(++revision)
            .setServing(!draining)
            .putLabels("zone", zone)
            .addAllClasses(List.of("latency", "normal", "batch"))
            .putAllTenantSessions(counts.own());
    bare().forEach(each -> state.addDevices(promises.on(each)));
    return state.build();
  }

  CompletionStage<ReserveReply> reserve(ReserveRequest request) {
    if (draining) {
      return CompletableFuture.completedFuture(
          ReserveReply.newBuilder().setOutcome(Outcome.CLOSED).build());
    }
    String id = name + "#" + incarnation + "-" + ids++;
    Demand demand =
        new Demand(
            request.getTenant(),
            TenantClass.NORMAL,
            request.getDevices(),
            request.getMemoryBytes(),
            Map.of(),
            Policy.of(request.getPolicy()).orElseThrow(),
            Duration.ZERO,
            request.getTenantSessionsMax(),
            Set.of(),
            false);
    Promises ledger = promises;
    Optional<Promises.Promise> promise = ledger.make(id, demand, bare());
    if (promise.isEmpty()) {
      return CompletableFuture.completedFuture(
          ReserveReply.newBuilder().setOutcome(Outcome.NO_ROOM).setWhy("full").build());
    }
    book.put(id, promise.get());
    return counts
        .take(request.getTenant(), id, request.getTenantSessionsMax())
        .handle(
            (counted, failure) -> {
              if (failure == null && counted && ledger == promises) {
                return ReserveReply.newBuilder()
                    .setOutcome(Outcome.RESERVED)
                    .setPlacement(id)
                    .build();
              }
              ledger.release(id);
              book.remove(id);
              return ReserveReply.newBuilder()
                  .setOutcome(
                      failure != null || ledger != promises ? Outcome.CLOSED : Outcome.TENANT_LIMIT)
                  .build();
            });
  }

  /** A session comes for its promise. */
  boolean open(String placement, String tenant, Runnable died) {
    if (!up || promises.keep(placement, tenant).isEmpty()) {
      return false;
    }
    sessions.put(placement, died);
    return true;
  }

  /** A session ends. */
  void close(String placement, String tenant) {
    if (sessions.remove(placement) != null) {
      promises.release(placement);
      book.remove(placement);
      counts.give(tenant, placement);
    }
  }

  /** A promise comes back that nobody will use. */
  void release(String placement) {
    Optional<String> tenant = promises.tenantOf(placement);
    if (up && promises.releaseOpen(placement)) {
      book.remove(placement);
      counts.give(tenant.orElseThrow(), placement);
    }
  }

  void expire() {
    promises
        .expire()
        .forEach(
            (id, tenant) -> {
              book.remove(id);
              counts.give(tenant, id);
            });
  }

  void beat() {
    counts.beat();
  }

  /** Power fails: all that was promised is gone; the registry hears of nothing. */
  List<Runnable> die() {
    List<Runnable> died = List.copyOf(sessions.values());
    up = false;
    sessions.clear();
    book.clear();
    return died;
  }

  /** It starts anew, and gives back what its name still has in the registry. */
  void start() {
    up = true;
    draining = false;
    incarnation++;
    revision = 0;
    promises = new Promises(time::nanos);
    counts.forgetAll();
  }

  /** No place and no byte of a device is promised twice. */
  void check() {
    long[] bytes = new long[DEVICES];
    int[] places = new int[DEVICES];
    for (Promises.Promise promise : book.values()) {
      for (int device : promise.devices()) {
        bytes[device] += promise.memoryBytes();
        places[device]++;
      }
    }
    for (int device = 0; device < DEVICES; device++) {
      if (bytes[device] > DEVICE_BYTES || places[device] > PLACES) {
        throw new AssertionError(
            name
                + " has promised "
                + places[device]
                + " places and "
                + bytes[device]
                + " bytes of"
                + " device "
                + device);
      }
    }
  }

  private Promises.Promise of(String id) {
    return Objects.requireNonNull(book.get(id));
  }

  /** How many sessions each device has. */
  int[] loads() {
    int[] loads = new int[DEVICES];
    sessions.keySet().forEach(id -> of(id).devices().forEach(each -> loads[each]++));
    return loads;
  }

  boolean isEmpty() {
    return book.isEmpty() && sessions.isEmpty();
  }
}
