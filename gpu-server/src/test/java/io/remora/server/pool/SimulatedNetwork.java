// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;

/** Messages that take their time, and places that are cut off from all others. */
final class SimulatedNetwork {
  static final String REGISTRY = "etcd";
  static final String CLIENT = "client";

  private static final long DELAY_NANOS_MIN = 100_000;
  private static final long DELAY_NANOS_MAX = 2_000_000;

  /** When who has asked gives up. */
  private static final long DEADLINE_NANOS = 2_000_000_000;

  private final SimulatedTime time;
  private final SplittableRandom random;
  private final Set<String> cut = new HashSet<>();

  /** Those that reach each other, and nobody else reaches. */
  private final Set<String> island = new HashSet<>();

  SimulatedNetwork(SimulatedTime time, SplittableRandom random) {
    this.time = time;
    this.random = random;
  }

  void cut(String place) {
    cut.add(place);
  }

  void heal(String place) {
    cut.remove(place);
  }

  /** Parts some places from all others; clients and the registry are with the others. */
  void part(Set<String> places) {
    island.addAll(places);
  }

  void join() {
    island.clear();
  }

  boolean reaches(String from, String to) {
    return from.equals(to)
        || (!cut.contains(from)
            && !cut.contains(to)
            && island.contains(from) == island.contains(to));
  }

  /** Whether clients outside of the pool reach a place. */
  boolean reachesFromOutside(String place) {
    return reaches(CLIENT, place);
  }

  /** Brings a message, or tells the sender after the deadline that it was lost. */
  void send(String from, String to, Runnable arrived, Runnable lost) {
    long delay = from.equals(to) ? 0 : random.nextLong(DELAY_NANOS_MIN, DELAY_NANOS_MAX);
    time.after(
        delay,
        () -> {
          if (reaches(from, to)) {
            arrived.run();
          } else {
            time.after(DEADLINE_NANOS, lost);
          }
        });
  }
}
