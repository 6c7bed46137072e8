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

  /** Issued before work of a more urgent class, on its class's minimum share. */
  boolean byMinimumShare;

  boolean over;

  Ticket(Lane lane, Work work) {
    this.lane = lane;
    this.work = work;
    this.key = work.estimateKey();
    this.bytes = work.bytes();
    this.waitsForHost = work.waitsForHost();
  }

  @Override
  public void onDone(int result, long deviceNanos) {
    lane.queue().ended(this, deviceNanos);
  }
}
