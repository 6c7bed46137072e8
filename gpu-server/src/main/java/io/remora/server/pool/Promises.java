// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import io.remora.v1.MemberDevice;
import java.time.Duration;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongSupplier;

/**
 * What a member has promised of its own devices. Nobody else promises them, so this is where no
 * share is given twice. A promise is open until its session comes, for a minute at most, and then
 * kept until that session ends. Any thread may call.
 */
public final class Promises {
  /** How long a promise waits for its session. */
  public static final Duration OPEN_TIME = Duration.ofSeconds(60);

  private final LongSupplier nanoClock;
  private final Map<String, Entry> promises = new LinkedHashMap<>();

  /**
   * A promise.
   *
   * @param id names it
   * @param tenant whose session it is for
   * @param devices which it may use
   * @param memoryBytes on each of them
   */
  public record Promise(String id, String tenant, Set<Integer> devices, long memoryBytes) {
    public Promise {
      devices = Set.copyOf(devices);
    }
  }

  private record Entry(Promise promise, long madeNanos, boolean kept) {}

  /** Makes an empty ledger. */
  public Promises(LongSupplier nanoClock) {
    this.nanoClock = nanoClock;
  }

  /**
   * Promises devices.
   *
   * @param id a new one
   * @param devices how the devices stand without promises, as {@link #on} completes them
   * @return empty if there is no room
   */
  public synchronized Optional<Promise> make(String id, Demand demand, List<MemberDevice> devices) {
    List<MemberDevice> room =
        devices.stream()
            .map(this::on)
            .filter(each -> Fitness.hasRoom(each, demand.memoryBytes()))
            .toList();
    if (room.size() < demand.devices()) {
      return Optional.empty();
    }
    Set<Integer> chosen = new TreeSet<>();
    Ranking.devices(room, demand.policy()).stream()
        .limit(demand.devices())
        .forEach(each -> chosen.add(each.getOrdinal()));
    Promise promise = new Promise(id, demand.tenant(), chosen, demand.memoryBytes());
    promises.put(id, new Entry(promise, nanoClock.getAsLong(), false));
    return Optional.of(promise);
  }

  /**
   * Adds what is promised to a device's state.
   *
   * @param device with the sessions that have come and what they hold beyond their promises
   */
  public synchronized MemberDevice on(MemberDevice device) {
    int open = 0;
    long bytes = 0;
    for (Entry entry : promises.values()) {
      if (entry.promise.devices().contains(device.getOrdinal())) {
        open += entry.kept ? 0 : 1;
        bytes += entry.promise.memoryBytes();
      }
    }
    return device.toBuilder()
        .setSessions(device.getSessions() + open)
        .setRecent(device.getRecent() + open)
        .setTakenBytes(device.getTakenBytes() + bytes)
        .build();
  }

  /**
   * The session of a promise has come; empty if it came too late, twice, or is another tenant's.
   */
  public synchronized Optional<Promise> keep(String id, String tenant) {
    Entry entry = promises.get(id);
    if (entry == null || entry.kept || !entry.promise.tenant().equals(tenant)) {
      return Optional.empty();
    }
    promises.put(id, new Entry(entry.promise, entry.madeNanos, true));
    return Optional.of(entry.promise);
  }

  /** Takes a promise back: its session has ended, or nobody wants it. */
  public synchronized boolean release(String id) {
    return promises.remove(id) != null;
  }

  /** Takes back a promise whose session hasn't come. */
  public synchronized boolean releaseOpen(String id) {
    Entry entry = promises.get(id);
    return entry != null && !entry.kept && promises.remove(id) != null;
  }

  /** Whose session a promise is for; empty if there is no such promise. */
  public synchronized Optional<String> tenantOf(String id) {
    return Optional.ofNullable(promises.get(id)).map(each -> each.promise.tenant());
  }

  /** Takes back promises whose sessions are late; their ids and tenants. */
  public synchronized Map<String, String> expire() {
    Map<String, String> late = new HashMap<>();
    Iterator<Entry> each = promises.values().iterator();
    while (each.hasNext()) {
      Entry entry = each.next();
      if (!entry.kept && nanoClock.getAsLong() - entry.madeNanos > OPEN_TIME.toNanos()) {
        late.put(entry.promise.id(), entry.promise.tenant());
        each.remove();
      }
    }
    return late;
  }
}
