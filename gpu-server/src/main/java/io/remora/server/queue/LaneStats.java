// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

/**
 * What a lane has done so far.
 *
 * @param deviceNanos device time of ended work, measured where the driver measures, else estimated
 * @param queueNanos time that issued work had waited in the queue
 * @param works works issued
 * @param inFlight works issued and not over
 * @param pending works not issued yet
 */
public record LaneStats(long deviceNanos, long queueNanos, long works, int inFlight, int pending) {}
