// SPDX-License-Identifier: Apache-2.0
package io.remora.cli.run;

import java.util.EnumMap;
import java.util.Map;

/**
 * Copies between devices of two servers.
 *
 * @param directCopies those that went from server to server
 * @param directBytes how much they brought over
 * @param bridgedCopies those that went through the process
 * @param bridgedBytes how much they brought over
 * @param detours how many went through the process because of what
 */
public record CopiesAcross(
    long directCopies,
    long directBytes,
    long bridgedCopies,
    long bridgedBytes,
    Map<Detour, Long> detours) {
  /** There were none. */
  static final CopiesAcross NONE = new CopiesAcross(0, 0, 0, 0, Map.of());

  /** Why a copy went through the process. */
  public enum Detour {
    /** It was smaller than 64 KiB. */
    SMALL("small", "so small that it doesn't matter", ""),
    /** The servers belong to no pool. */
    NO_POOL(
        "no_pool",
        "the servers are in no pool",
        "give the servers a pool's file: only members of one pool know each other"),
    /** A server doesn't have the calls. */
    OLDER("older", "a server is older than that", "upgrade the older server"),
    /** One server couldn't reach the other. */
    UNREACHABLE(
        "unreachable",
        "one server doesn't reach the other",
        "members must reach each other by the addresses in the pool's file: `remora pool` says how"
            + " the asked one sees the others"),
    /** The ticket was refused. */
    REFUSED(
        "refused",
        "a server refused the ticket",
        "its log says why; a ticket is good for some seconds, once"),
    /** The other server broke off. */
    BROKEN_OFF(
        "broken_off", "a server broke off", "the log of the server that was copied to says why"),
    /** Too many such copies at once. */
    BUSY(
        "busy",
        "there were too many at once",
        "copy with fewer threads at once: a session has 16 such copies under way at most");

    private final String word;
    private final String text;
    private final String advice;

    Detour(String word, String text, String advice) {
      this.word = word;
      this.text = text;
      this.advice = advice;
    }

    /** For people. */
    public String text() {
      return text;
    }

    /** What to do about it; empty: nothing. */
    public String advice() {
      return advice;
    }
  }

  public CopiesAcross {
    detours = Map.copyOf(detours);
  }

  /** What a process has left by these names. */
  static CopiesAcross of(Map<String, Long> numbers) {
    Map<Detour, Long> detours = new EnumMap<>(Detour.class);
    for (Detour detour : Detour.values()) {
      Long count = numbers.get("bridged_" + detour.word);
      if (count != null) {
        detours.put(detour, count);
      }
    }
    return new CopiesAcross(
        numbers.getOrDefault("direct_copies", 0L),
        numbers.getOrDefault("direct_bytes", 0L),
        numbers.getOrDefault("bridged_copies", 0L),
        numbers.getOrDefault("bridged_bytes", 0L),
        detours);
  }

  CopiesAcross plus(CopiesAcross other) {
    Map<Detour, Long> both = new EnumMap<>(Detour.class);
    both.putAll(detours);
    other.detours.forEach((detour, count) -> both.merge(detour, count, Long::sum));
    return new CopiesAcross(
        directCopies + other.directCopies,
        directBytes + other.directBytes,
        bridgedCopies + other.bridgedCopies,
        bridgedBytes + other.bridgedBytes,
        both);
  }
}
