// SPDX-License-Identifier: Apache-2.0
package io.remora.server.watch;

import io.remora.server.metrics.SessionMeter;

/**
 * A session that is there, and what is known of its client.
 *
 * @param id names it in logs
 * @param peer the client's address
 * @param program what the client says it runs
 * @param processId what the client says its process is
 * @param client the client's name and version, as it says
 * @param openedNanos when, by the server's monotonic clock
 * @param openedMillis when, by the calendar
 * @param meter what it has done
 */
public record LiveSession(
    String id,
    String tenant,
    String peer,
    String program,
    long processId,
    String client,
    long openedNanos,
    long openedMillis,
    SessionMeter meter) {}
