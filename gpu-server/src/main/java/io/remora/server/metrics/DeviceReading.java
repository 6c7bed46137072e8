// SPDX-License-Identifier: Apache-2.0
package io.remora.server.metrics;

/**
 * What a session has done on one device so far.
 *
 * @param ordinal the device's number on this server
 * @param runNanos device time of ended works
 * @param queueNanos time that issued works had waited
 * @param works works issued
 * @param inFlight works issued and not over
 * @param pending works that wait
 * @param memoryBytes memory that it holds now
 */
public record DeviceReading(
    int ordinal,
    long runNanos,
    long queueNanos,
    long works,
    int inFlight,
    int pending,
    long memoryBytes) {
  /** This and another of the same device. */
  public DeviceReading plus(DeviceReading other) {
    return new DeviceReading(
        ordinal,
        runNanos + other.runNanos,
        queueNanos + other.queueNanos,
        works + other.works,
        inFlight + other.inFlight,
        pending + other.pending,
        memoryBytes + other.memoryBytes);
  }
}
