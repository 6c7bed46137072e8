// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What became of the sessions of a simulated pool, and how. */
final class SimulationFigures {
  int finished;
  int spanning;
  int refused;
  int deaths;
  int cuts;
  int drains;
  int partitions;
  int upgrades;
  int retries;

  /** Programs that ended with one of their members, its upgrade, or its grace; each was told. */
  int lostByDeath;

  int lostByUpgrade;
  int lostByGrace;

  /** Sessions that went to another member before an upgrade. */
  int moved;

  /** Sessions that went on after their member was cut off. */
  int resumed;

  final List<Long> placedNanos = new ArrayList<>();
  final List<Double> imbalances = new ArrayList<>();
  long steps;

  void lost(SimulatedMember.End why) {
    switch (why) {
      case DEATH -> lostByDeath++;
      case UPGRADE -> lostByUpgrade++;
      case GRACE -> lostByGrace++;
    }
  }

  int lost() {
    return lostByDeath + lostByUpgrade + lostByGrace;
  }

  long quantileMicros(double part) {
    List<Long> sorted = placedNanos.stream().sorted().toList();
    return sorted.isEmpty() ? 0 : sorted.get((int) ((sorted.size() - 1) * part)) / 1000;
  }

  String words(double seconds) {
    double imbalance = imbalances.stream().mapToDouble(Double::doubleValue).average().orElse(0);
    return String.format(
        Locale.ROOT,
        "%d finished (%d of several members), %d refused, lost: %d with a death, %d with an upgrade,"
            + " %d after the grace; %d moved, %d resumed; %d deaths, %d cuts, %d drains, %d"
            + " partitions, %d upgrades, %d retries; time to a session p50 %d us, p99 %d us;"
            + " imbalance %.2f; %d steps in %.1f s",
        finished,
        spanning,
        refused,
        lostByDeath,
        lostByUpgrade,
        lostByGrace,
        moved,
        resumed,
        deaths,
        cuts,
        drains,
        partitions,
        upgrades,
        retries,
        quantileMicros(0.5),
        quantileMicros(0.99),
        imbalance,
        steps,
        seconds);
  }
}
