// SPDX-License-Identifier: Apache-2.0
package io.remora.server.watch;

import io.remora.server.metrics.KernelTime;
import io.remora.server.metrics.Traffic;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * The sessions that are there, and what remains of those that were. Any thread may call; one lock
 * guards all state and is never held while anything else is called but meters, which don't wait.
 */
public final class SessionRoll {
  private final AuditLog audit;
  private final LongSupplier nanoClock;
  private final Map<String, LiveSession> live = new LinkedHashMap<>();

  /** Those that went to another server and came back before all of them here was freed. */
  private final Set<LiveSession> leaving = new HashSet<>();

  /** By tenant; bounded by the number of tenants that this server has ever had. */
  private final Map<String, Traffic> ended = new HashMap<>();

  private final Map<String, List<KernelTime>> endedKernels = new HashMap<>();
  private long refused;

  /**
   * @param nanoClock as {@link System#nanoTime}
   */
  public SessionRoll(AuditLog audit, LongSupplier nanoClock) {
    this.audit = audit;
    this.nanoClock = nanoClock;
  }

  /** A session has come. */
  public void opened(LiveSession session) {
    synchronized (this) {
      LiveSession before = live.put(session.id(), session);
      if (before != null) {
        leaving.add(before);
      }
    }
    audit.opened(session);
  }

  /** A session has freed everything. */
  public void closed(LiveSession session, String reason) {
    synchronized (this) {
      if (!live.remove(session.id(), session) && !leaving.remove(session)) {
        return;
      }
      ended.merge(session.tenant(), session.meter().traffic(), Traffic::plus);
      endedKernels
          .computeIfAbsent(session.tenant(), tenant -> new ArrayList<>())
          .addAll(session.meter().takeKernels());
    }
    audit.closed(session, reason, (nanoClock.getAsLong() - session.openedNanos()) / 1e9);
  }

  /**
   * A session was not let in.
   *
   * @param tenant empty if it isn't proven who it was
   */
  public void refused(String peer, String tenant, String reason, String message) {
    synchronized (this) {
      refused++;
    }
    audit.refused(peer, tenant, reason, message);
  }

  /** The sessions that are there, in the order in which they came. */
  public synchronized List<LiveSession> live() {
    return List.copyOf(live.values());
  }

  /** A session that is there. */
  public synchronized Optional<LiveSession> find(String id) {
    return Optional.ofNullable(live.get(id));
  }

  /** What was not let in so far. */
  synchronized long refused() {
    return refused;
  }

  /** What tenants' sessions have done, those that are there and those that were, by tenant. */
  synchronized Map<String, Traffic> traffic() {
    Map<String, Traffic> all = new HashMap<>(ended);
    live.values().forEach(each -> all.merge(each.tenant(), each.meter().traffic(), Traffic::plus));
    leaving.forEach(each -> all.merge(each.tenant(), each.meter().traffic(), Traffic::plus));
    return all;
  }

  /** The kernels that ran since this was last asked, by tenant. */
  synchronized Map<String, List<KernelTime>> takeKernels() {
    Map<String, List<KernelTime>> taken = new HashMap<>(endedKernels);
    endedKernels.clear();
    for (LiveSession session : live.values()) {
      List<KernelTime> own = session.meter().takeKernels();
      if (!own.isEmpty()) {
        taken.computeIfAbsent(session.tenant(), tenant -> new ArrayList<>()).addAll(own);
      }
    }
    return taken;
  }
}
