// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench.sharing;

import io.remora.server.queue.LaneClass;

/**
 * What one tenant wants of the device.
 *
 * @param weight its share beside others
 * @param laneClass its class
 * @param kernelNanos how long each of its kernels runs
 * @param depth kernels that it always has submitted; 0 for an open loop
 * @param gapNanos open loop: mean time between two arrivals
 * @param burst open loop: kernels that arrive at once
 */
record TenantLoad(
    int weight, LaneClass laneClass, long kernelNanos, int depth, long gapNanos, int burst) {
  /** A tenant that always has work: as much as an in-order GPU client submits ahead. */
  static TenantLoad saturating(int weight, LaneClass laneClass, long kernelNanos) {
    return new TenantLoad(weight, laneClass, kernelNanos, 256, 0, 1);
  }

  /**
   * Arrivals that don't care whether the ones before are done.
   *
   * @param load part of the device that it asks for
   * @param burst kernels that arrive together; the arrivals are a Poisson process
   */
  static TenantLoad open(LaneClass laneClass, long kernelNanos, double load, int burst) {
    return new TenantLoad(
        1, laneClass, kernelNanos, 0, Math.round(burst * kernelNanos / load), burst);
  }

  boolean isOpen() {
    return depth == 0;
  }
}
