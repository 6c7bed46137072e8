// SPDX-License-Identifier: Apache-2.0
package io.remora.server.metrics;

/** Something that a traced session did. Times are of the server's monotonic clock. */
public sealed interface TraceEvent {
  /** The session. */
  SessionTrace session();

  /** The call by which it came about. */
  long sequence();

  /**
   * A call, from its arrival until it was carried out, or answered.
   *
   * @param waited whether the client waited for the answer
   */
  record Call(
      SessionTrace session,
      long sequence,
      String name,
      long beginNanos,
      long endNanos,
      boolean waited)
      implements TraceEvent {}

  /**
   * A work: it waits in the queue, then the device has it, and runs it up to its end.
   *
   * @param stream tells the streams of a session apart
   * @param runNanos device time, at most what lies between issue and end
   * @param result {@code CUresult}
   */
  record Work(
      SessionTrace session,
      long sequence,
      String name,
      int device,
      long stream,
      long submittedNanos,
      long issuedNanos,
      long endedNanos,
      long runNanos,
      int result)
      implements TraceEvent {}
}
