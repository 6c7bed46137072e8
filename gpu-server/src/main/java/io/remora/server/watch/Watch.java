// SPDX-License-Identifier: Apache-2.0
package io.remora.server.watch;

import io.remora.server.metrics.KernelTime;
import io.remora.server.queue.TenantReading;
import io.remora.server.tenant.MemoryLedger;
import io.remora.server.tenant.Tenant;
import io.remora.server.tenant.TenantRegistry;
import io.remora.v1.HistoryReply;
import io.remora.v1.ServerState;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/**
 * Looks at all counters every second and keeps what it has seen: the state now, and who used the
 * devices in the last minutes. {@link #look} is called by one thread; any thread may ask.
 */
public final class Watch {
  /** Medians and percentiles are over this many looks. */
  private static final int RECENT_LOOKS = 10;

  private final Machine machine;
  private final TenantRegistry registry;
  private final SessionRoll roll;
  private final DeviceModes modes;
  private final LongSupplier nanoClock;
  private final InstantSource clock;
  private final String serverVersion;
  private final long startNanos;
  private final History history = new History();

  /** The last looks, oldest first. Belongs to the thread that looks. */
  private final Deque<Reading> recent = new ArrayDeque<>();

  private volatile ServerState state;

  /**
   * Looks for the first time.
   *
   * @param nanoClock measures spans, as {@link System#nanoTime}
   * @param clock tells dates
   */
  public Watch(
      Machine machine,
      TenantRegistry registry,
      SessionRoll roll,
      DeviceModes modes,
      LongSupplier nanoClock,
      InstantSource clock,
      String serverVersion) {
    this.machine = machine;
    this.registry = registry;
    this.roll = roll;
    this.modes = modes;
    this.nanoClock = nanoClock;
    this.clock = clock;
    this.serverVersion = serverVersion;
    startNanos = nanoClock.getAsLong();
    Reading first = read();
    recent.add(first);
    state = build(first, first, first);
  }

  /** Looks again; to be called every second. */
  public void look() {
    Reading last = recent.getLast();
    Reading now = read();
    Map<String, List<KernelTime>> kernels = roll.takeKernels();
    state = build(now, last, recent.getFirst());
    history.add(state, now, last, kernels);
    recent.addLast(now);
    if (recent.size() > RECENT_LOOKS) {
      recent.removeFirst();
    }
  }

  private ServerState build(Reading now, Reading last, Reading oldest) {
    StateBuilder builder = new StateBuilder(machine, modes, now, last, oldest);
    return builder.build().toBuilder()
        .setServerVersion(serverVersion)
        .setUptimeSeconds((now.nanos() - startNanos) / 1_000_000_000)
        .build();
  }

  /** The server as it was when it was last looked at, as far as the viewer may see it. */
  public ServerState state(Viewer viewer) {
    return Views.state(state, viewer);
  }

  /** The seconds after a moment, as far as the viewer may see them; oldest first. */
  public HistoryReply history(long sinceMillis, Viewer viewer) {
    return Views.history(history.since(sinceMillis), viewer);
  }

  private Reading read() {
    List<Tenant> tenants = registry.tenants();
    Map<String, Reading.Memory> memory = new HashMap<>();
    List<Reading.OfSession> sessions = new ArrayList<>();
    for (LiveSession session : roll.live()) {
      sessions.add(
          new Reading.OfSession(
              session,
              session.meter().traffic(),
              session.meter().devices(),
              session.meter().lastFailure(),
              session.meter().waitedNanos(nanoClock.getAsLong()),
              session.meter().resumes()));
      memory.computeIfAbsent(session.tenant(), this::memory);
    }
    tenants.forEach(tenant -> memory.computeIfAbsent(tenant.name(), this::memory));
    List<Map<String, TenantReading>> devices = new ArrayList<>();
    for (int ordinal = 0; ordinal < machine.devices().size(); ordinal++) {
      devices.add(machine.readings(ordinal));
    }
    return new Reading(
        nanoClock.getAsLong(),
        clock.millis(),
        tenants,
        memory,
        roll.traffic(),
        sessions,
        devices,
        roll.refused());
  }

  private Reading.Memory memory(String tenant) {
    MemoryLedger ledger = registry.memory(tenant);
    return new Reading.Memory(ledger.reservedBytes(), ledger.quotaBytes());
  }
}
