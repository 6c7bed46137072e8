// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import java.util.List;

/** Where threads of a kernel wait, and for what: worked out once, for all launches. Immutable. */
public final class Waits {
  private final Suspension[] suspensions;
  private final int[] usualStates;
  private final boolean warpOperations;
  private final boolean clusterWaits;

  /**
   * @param suspensions what threads wait for before each region, by number
   * @param usualStates the state that most threads have behind each region
   */
  public Waits(List<Suspension> suspensions, List<Integer> usualStates) {
    this.suspensions = suspensions.toArray(new Suspension[0]);
    this.usualStates = usualStates.stream().mapToInt(Integer::intValue).toArray();
    warpOperations = suspensions.stream().anyMatch(Suspension::isWarpOperation);
    clusterWaits = suspensions.contains(Suspension.CLUSTER_WAIT);
  }

  /** Whether threads can wait or give way at all. */
  boolean any() {
    return suspensions.length > 1;
  }

  /** Whether the threads of a warp wait for one another somewhere. */
  boolean warpOperations() {
    return warpOperations;
  }

  /** Whether the blocks of a cluster wait for one another somewhere. */
  boolean clusterWaits() {
    return clusterWaits;
  }

  /** What threads wait for before each region; only to be read. */
  Suspension[] suspensions() {
    return suspensions;
  }

  /** The state that most threads have behind each region; only to be read. */
  int[] usualStates() {
    return usualStates;
  }
}
