// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import io.remora.server.driver.WorkObserver;

/**
 * A work on its way through the queue, and the observer of its end. The mutable fields are guarded
 * by the queue's lock.
 */
final class Ticket implements WorkObserver {
  final Lane lane;
  final Work work;
  final long key;
  final long bytes;
  final boolean waitsForHost;

  /** Device time charged when issued; 0 for free work. */
  long estimateNanos;

  /** When it had to wait: the time of submission. */
  long submittedNanos;

  /** When it was issued, and whether the device had nothing else then. */
  long issuedNanos;

  boolean issuedAlone;

  boolean over;

  /** Pending work that may be refused: until when it must be issued. */
  long startByNanos;

  boolean hasDeadline;

  Ticket(Lane lane, Work work) {
    this.lane = lane;
    this.work = work;
    this.key = work.estimateKey();
    this.bytes = work.bytes();
    this.waitsForHost = work.waitsForHost();
  }

  /** Sets until when the work must be issued, if there is such a time. */
  void setDeadline(long nowNanos, long policyNanos) {
    long within = Math.min(policyNanos, work.startWithinNanos());
    if (within != Long.MAX_VALUE) {
      hasDeadline = true;
      startByNanos = nowNanos + within;
    }
  }

  /** Whether it is too late to issue the work. */
  boolean isLate(long nowNanos) {
    return hasDeadline && nowNanos - startByNanos > 0;
  }

  @Override
  public void onDone(int result, long deviceNanos) {
    lane.queue().ended(this, deviceNanos);
  }
}
