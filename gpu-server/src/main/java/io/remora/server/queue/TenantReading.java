// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

/**
 * How a tenant stands with one device.
 *
 * @param use what it has used since the queue began
 * @param pending works that wait now
 * @param inFlight works that the device has now
 * @param queueTimes how long works that need the device had waited, 0 for those that needn't
 * @param runTimes device times of works that have ended
 */
public record TenantReading(
    TenantUse use, int pending, int inFlight, TimeHistogram queueTimes, TimeHistogram runTimes) {}
