// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** Counts copies between two servers. Any thread. */
final class AcrossCounters {
  private final LongAdder directCopies = new LongAdder();
  private final LongAdder directBytes = new LongAdder();
  private final LongAdder bridgedBytes = new LongAdder();
  private final Map<Detour, LongAdder> detours = new ConcurrentHashMap<>();

  /** A copy has gone from one server to the other. */
  void direct(long bytes) {
    directCopies.increment();
    directBytes.add(bytes);
  }

  /** A copy has gone through the client. */
  void bridged(long bytes, Detour why) {
    bridgedBytes.add(bytes);
    detours.computeIfAbsent(why, unused -> new LongAdder()).increment();
  }

  AcrossStats snapshot(int servers) {
    Map<Detour, Long> found = new EnumMap<>(Detour.class);
    detours.forEach((why, count) -> found.put(why, count.sum()));
    long bridged = found.values().stream().mapToLong(Long::longValue).sum();
    return new AcrossStats(
        servers, directCopies.sum(), directBytes.sum(), bridged, bridgedBytes.sum(), found);
  }
}
