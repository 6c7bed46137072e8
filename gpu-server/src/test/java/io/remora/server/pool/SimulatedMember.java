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
import java.util.function.Consumer;

/** A member with simulated devices around the real promises. */
final class SimulatedMember {
  static final int DEVICES = 4;

  /** How long a session waits for a client that was cut off. */
  static final long GRACE_NANOS = 12_000_000_000L;

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

  /** Since when no client has reached it; 0: they do. */
  private long cutNanos;

  /** Sessions whose clients can't or won't come back, and when they end. */
  private final Map<String, Long> left = new HashMap<>();

  /** It is about to be started anew with another version. */
  boolean upgrading;

  /** What was promised and not given back, kept here a second time: by id. */
  private final Map<String, Promises.Promise> book = new HashMap<>();

  /** Its sessions by id. */
  final Map<String, Session> sessions = new HashMap<>();

  /** Why a session ends that its client hasn't ended. */
  enum End {
    DEATH,
    UPGRADE,
    GRACE
  }

  /**
   * A session.
   *
   * @param ended tells its client
   * @param move asks it to go elsewhere
   */
  record Session(String tenant, Consumer<End> ended, Runnable move) {}

  SimulatedMember(String name, String zone, SimulatedTime time, SimulatedRegistry.Of counts) {
    this.name = name;
    this.zone = zone;
    this.time = time;
    this.counts = counts;
    promises = new Promises(time::nanos);
  }

  private List<MemberDevice> bare() {
    List<MemberDevice> devices = new ArrayList<>();
    int[] loads = loads();
    for (int ordinal = 0; ordinal < DEVICES; ordinal++) {
      int running = loads[ordinal];
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
            .setServing(serves())
            .putLabels("zone", zone)
            .addAllClasses(List.of("latency", "normal", "batch"))
            .putAllTenantSessions(counts.own());
    bare().forEach(each -> state.addDevices(promises.on(each)));
    return state.build();
  }

  private boolean serves() {
    return !draining && !upgrading;
  }

  CompletionStage<ReserveReply> reserve(ReserveRequest request) {
    if (!serves()) {
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
  boolean open(String placement, Session session) {
    if (!up || promises.keep(placement, session.tenant()).isEmpty()) {
      return false;
    }
    sessions.put(placement, session);
    return true;
  }

  /** A session ends. */
  void close(String placement) {
    Session session = sessions.remove(placement);
    left.remove(placement);
    if (session != null) {
      promises.release(placement);
      book.remove(placement);
      counts.give(session.tenant(), placement);
    }
  }

  /** A session's client has ended, and the member can't hear of it: it waits in vain. */
  void leave(String placement) {
    if (sessions.containsKey(placement)) {
      left.put(placement, time.nanos() + GRACE_NANOS);
    }
  }

  /**
   * Ends sessions that have waited for their clients for long enough.
   *
   * @param reached whether clients reach it now
   * @return how many sessions go on with their clients
   */
  int meetClients(boolean reached) {
    long now = time.nanos();
    List<String> late = new ArrayList<>();
    left.forEach(
        (id, until) -> {
          if (now >= until) {
            late.add(id);
          }
        });
    late.forEach(this::close);
    if (reached) {
      int resumed = cutNanos == 0 ? 0 : sessions.size() - left.size();
      cutNanos = 0;
      return resumed;
    }
    if (cutNanos == 0) {
      cutNanos = now;
    } else if (now - cutNanos >= GRACE_NANOS) {
      Map<String, Session> ended = Map.copyOf(sessions);
      ended.keySet().stream().sorted().forEach(this::close);
      ended.entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(each -> each.getValue().ended().accept(End.GRACE));
    }
    return 0;
  }

  /** Asks all sessions to go elsewhere. */
  void moveAll() {
    List.copyOf(sessions.values()).forEach(each -> each.move().run());
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
  List<Session> die() {
    List<Session> died = List.copyOf(sessions.values());
    up = false;
    sessions.clear();
    left.clear();
    book.clear();
    return died;
  }

  /** It starts anew, and gives back what its name still has in the registry. */
  void start() {
    up = true;
    draining = false;
    upgrading = false;
    cutNanos = 0;
    incarnation++;
    revision = 0;
    promises = new Promises(time::nanos);
    counts.forgetAll();
  }

  /**
   * No place and no byte of a device is promised twice, and the ledger says what the book says.
   * Also right between a death and the next start.
   */
  void check() {
    if (!up) {
      return;
    }
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
    checkLedger(places, bytes);
  }

  private void checkLedger(int[] places, long[] bytes) {
    int[] running = loads();
    for (int device = 0; device < DEVICES; device++) {
      MemberDevice state = promises.on(MemberDevice.newBuilder().setOrdinal(device).build());
      int open = places[device] - running[device];
      if (state.getSessions() != open || state.getTakenBytes() != bytes[device]) {
        throw new AssertionError(
            name + " keeps a wrong ledger of device " + device + ": " + state + open);
      }
    }
  }

  /** What it has in the registry is what it has promised; what runs is counted there. */
  void checkCounts() {
    if (!up) {
      return;
    }
    Set<String> ids = counts.ids();
    if (!book.keySet().containsAll(ids) || !ids.containsAll(sessions.keySet())) {
      throw new AssertionError(name + " counts " + ids + " and has " + book.keySet());
    }
    if (!counts.isCounted()) {
      throw new AssertionError("the registry doesn't count what " + name + " has");
    }
  }

  boolean has(String placement) {
    return sessions.containsKey(placement);
  }

  /** Sessions whose clients are there, or may come back. */
  int attended() {
    return sessions.size() - left.size();
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
