// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.util.Map;

/**
 * What was done between the servers of a program.
 *
 * @param servers how many there are
 * @param directCopies copies between two of them that went from one to the other
 * @param directBytes bytes of those
 * @param bridgedCopies copies between two of them that went through the client
 * @param bridgedBytes bytes of those
 * @param detours how many of these because of what, where there were any
 */
public record AcrossStats(
    int servers,
    long directCopies,
    long directBytes,
    long bridgedCopies,
    long bridgedBytes,
    Map<Detour, Long> detours) {
  /** Of a program with one server. */
  static final AcrossStats NONE = new AcrossStats(1, 0, 0, 0, 0, Map.of());

  public AcrossStats {
    detours = Map.copyOf(detours);
  }
}
