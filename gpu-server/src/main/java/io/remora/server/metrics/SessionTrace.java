// SPDX-License-Identifier: Apache-2.0
package io.remora.server.metrics;

/** One session's part of a recording. Any thread may call. */
public final class SessionTrace {
  private final Recording recording;
  private final String sessionId;

  SessionTrace(Recording recording, String sessionId) {
    this.recording = recording;
    this.sessionId = sessionId;
  }

  /** Which session. */
  public String sessionId() {
    return sessionId;
  }

  /** A call begins, or a work that no call of its own brought. */
  public WorkTimes begin() {
    return new WorkTimes(this, now());
  }

  long now() {
    return recording.now();
  }

  void add(TraceEvent event) {
    recording.add(event);
  }
}
