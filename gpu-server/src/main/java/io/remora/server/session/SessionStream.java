// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import org.jspecify.annotations.Nullable;

/**
 * A stream of a session, or a context's legacy default stream. Fields without a comment of their
 * own belong to the session's serial executor.
 */
final class SessionStream {
  private final VirtualContext context;
  private final long driverStream;
  private final int flags;
  private final int priority;
  private final EndCounter works;
  private Capture.@Nullable OfStream capture;

  /** Works by the program, without those that only keep the order between streams. */
  private long programWorks;

  /** The event by which others wait for this stream; 0 until it is needed. */
  private long orderEvent;

  /** {@link #programWorks} when {@link #orderEvent} was last recorded. */
  private long recordedAt = -1;

  /** How much of the legacy stream's work this stream waits for already. */
  private long legacySeen;

  /** On the legacy stream: its work up to the last that is synchronous for CUDA programs. */
  private long hostOrdered;

  /** Whether the legacy stream has yet to wait for this stream. */
  private boolean aheadOfLegacy;

  /**
   * @param driverStream the driver's handle
   * @param flags {@code CUstream_flags} as the program gave them
   */
  SessionStream(
      VirtualContext context, long driverStream, int flags, int priority, SerialExecutor serial) {
    this.context = context;
    this.driverStream = driverStream;
    this.flags = flags;
    this.priority = priority;
    this.works = new EndCounter(serial);
  }

  VirtualContext context() {
    return context;
  }

  SessionDevice device() {
    return context.device();
  }

  /** Any thread. */
  long driverStream() {
    return driverStream;
  }

  int flags() {
    return flags;
  }

  int priority() {
    return priority;
  }

  /** The capture that its calls go to, or null. */
  Capture.@Nullable OfStream capture() {
    return capture;
  }

  void setCapture(Capture.@Nullable OfStream newCapture) {
    capture = newCapture;
  }

  boolean isBlocking() {
    return (flags & StreamFlags.NON_BLOCKING) == 0;
  }

  /** Whether no work is queued or running. */
  boolean isIdle() {
    return works.isIdle();
  }

  /** Runs {@code then} when all work that was submitted so far is over. */
  void whenIdle(Runnable then) {
    works.whenIdle(then);
  }

  void workBegins() {
    works.begin();
  }

  /** Any thread. */
  void workEnded() {
    works.oneEnded();
  }

  long programWorks() {
    return programWorks;
  }

  void programWorkBegins() {
    programWorks++;
  }

  long orderEvent() {
    return orderEvent;
  }

  void setOrderEvent(long event) {
    orderEvent = event;
  }

  /** Whether the order event stands for all of the stream's work. */
  boolean isRecorded() {
    return recordedAt == programWorks;
  }

  void recorded() {
    recordedAt = programWorks;
  }

  long legacySeen() {
    return legacySeen;
  }

  void sawLegacy(long works) {
    legacySeen = works;
  }

  long hostOrdered() {
    return hostOrdered;
  }

  /**
   * What this legacy stream holds so far is over for the program when its call returns, although
   * Remora answers earlier; so even non-blocking streams must wait for it.
   */
  void orderForHost() {
    hostOrdered = programWorks;
  }

  boolean isAheadOfLegacy() {
    return aheadOfLegacy;
  }

  void setAheadOfLegacy(boolean ahead) {
    aheadOfLegacy = ahead;
  }
}
