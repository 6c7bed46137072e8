// SPDX-License-Identifier: Apache-2.0
package io.remora.server.metrics;

/**
 * When what happened to one call, and to the work that it puts on a stream; made only while its
 * session is traced. Written by the session's serial executor, then by the thread that issues.
 */
public final class WorkTimes {
  private final SessionTrace trace;
  private final long begunNanos;
  private volatile long submittedNanos;
  private volatile long issuedNanos;

  WorkTimes(SessionTrace trace, long begunNanos) {
    this.trace = trace;
    this.begunNanos = begunNanos;
  }

  /** The work was given to the queue. */
  public void submitted() {
    submittedNanos = trace.now();
  }

  /** The work was given to the device. */
  public void issued() {
    issuedNanos = trace.now();
  }

  /** The call was carried out, or answered if the client waited for it. */
  public void callEnded(long sequence, String name, boolean waited) {
    trace.add(new TraceEvent.Call(trace, sequence, name, begunNanos, trace.now(), waited));
  }

  /** The work is over. */
  public void workEnded(
      long sequence, String name, int device, long stream, long runNanos, int result) {
    long ended = trace.now();
    // What was dropped never got to the device.
    long issued = issuedNanos == 0 ? ended : issuedNanos;
    trace.add(
        new TraceEvent.Work(
            trace,
            sequence,
            name,
            device,
            stream,
            submittedNanos,
            issued,
            ended,
            Math.max(0, Math.min(runNanos, ended - issued)),
            result));
  }
}
