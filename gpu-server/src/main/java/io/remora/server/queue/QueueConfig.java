// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

/**
 * Bounds of a {@link DeviceQueue}.
 *
 * @param sharedInFlightNanos estimated device time that may be issued and not over while several
 *     tenants use the device; more where handing work over takes so long that the device would run
 *     dry, and less while a tenant of class LATENCY is about, see {@link HandOver}
 * @param aloneInFlightNanos the same while one tenant has the device to itself. A newcomer may find
 *     this much before it
 * @param competitionNanos how long a tenant that paused still counts as using the device, so that
 *     the bounds don't widen between two kernels of an interactive tenant
 * @param firstEstimateNanos taken for work of a lane that has nothing measured yet; too little lets
 *     a lane of long kernels fill the device's own queue before the first of them has ended
 * @param normalShareMin part of the device time that class NORMAL keeps against LATENCY, 0 to 0.5
 * @param batchShareMin part of the device time that class BATCH keeps against the others, 0 to 0.5
 * @param laneWorksMax works that a lane may hold, pending and in flight, before it is full
 * @param laneBytesMax bytes that the works of a lane may hold before it is full
 * @param tickNanos time between two calls of {@link DeviceQueue#tick}
 */
public record QueueConfig(
    long sharedInFlightNanos,
    long aloneInFlightNanos,
    long competitionNanos,
    long firstEstimateNanos,
    double normalShareMin,
    double batchShareMin,
    int laneWorksMax,
    long laneBytesMax,
    long tickNanos) {

  /**
   * 500 µs in flight: ten times what a completion takes to become the next launch, and little to
   * wait for. 20 ms alone: deep enough that a launch never waits for a completion. One second of
   * competition: longer than people and request loops think between two kernels. 5 ms for unknown
   * work: a few of them are enough to learn from. 8192 works and 64 MiB for each lane: some seconds
   * of small kernels, or what a fast network brings in 50 ms.
   */
  public static final QueueConfig DEFAULTS =
      new QueueConfig(
          500_000, 20_000_000, 1_000_000_000, 5_000_000, 0.10, 0.05, 8192, 64L << 20, 2_000_000);

  /** Checks the ranges. */
  public QueueConfig {
    require(sharedInFlightNanos > 0, "sharedInFlightNanos must be positive");
    require(
        aloneInFlightNanos >= sharedInFlightNanos,
        "aloneInFlightNanos must be at least sharedInFlightNanos");
    require(competitionNanos >= 0, "competitionNanos must not be negative");
    require(firstEstimateNanos > 0, "firstEstimateNanos must be positive");
    require(normalShareMin >= 0 && normalShareMin <= 0.5, "normalShareMin must be from 0 to 0.5");
    require(batchShareMin >= 0 && batchShareMin <= 0.5, "batchShareMin must be from 0 to 0.5");
    require(laneWorksMax > 0, "laneWorksMax must be positive");
    require(laneBytesMax > 0, "laneBytesMax must be positive");
    require(tickNanos > 0, "tickNanos must be positive");
  }

  private static void require(boolean holds, String message) {
    if (!holds) {
      throw new IllegalArgumentException(message);
    }
  }

  /** The part of the device time that a class keeps whatever the more urgent ones ask for. */
  double shareMin(LaneClass laneClass) {
    return switch (laneClass) {
      case LATENCY -> 0;
      case NORMAL -> normalShareMin;
      case BATCH -> batchShareMin;
    };
  }
}
