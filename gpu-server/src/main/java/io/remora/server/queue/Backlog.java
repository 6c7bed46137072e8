// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import java.util.ArrayList;
import java.util.List;

/**
 * The tenants of one class that have work waiting, and what the class is owed of its minimum share.
 * Guarded by the queue's lock.
 */
final class Backlog {
  private final List<Share> waiting = new ArrayList<>();
  private final double shareMin;
  private final double owedNanosMax;
  private double owedNanos;

  /** Largest start tag served: where a tenant that was idle joins in. */
  double virtualTime;

  /**
   * @param owedNanosMax a class that could not be served at once gets no more than this later
   */
  Backlog(double shareMin, double owedNanosMax) {
    this.shareMin = shareMin;
    this.owedNanosMax = owedNanosMax;
  }

  int size() {
    return waiting.size();
  }

  Share get(int index) {
    return waiting.get(index);
  }

  void add(Share share) {
    waiting.add(share);
  }

  void remove(Share share) {
    waiting.remove(share);
  }

  /** Device time was given to somebody: a class that waits earns its part of it. */
  void earn(long nanos) {
    if (!waiting.isEmpty()) {
      owedNanos = Math.min(owedNanosMax, owedNanos + shareMin * nanos);
    }
  }

  /** The class was served; a negative time takes some of that back. */
  void spend(long nanos) {
    owedNanos = Math.max(-owedNanosMax, owedNanos - nanos);
  }

  /** Whether the class is to be served before more urgent ones. */
  boolean isOwed() {
    return owedNanos > 0 && !waiting.isEmpty();
  }
}
