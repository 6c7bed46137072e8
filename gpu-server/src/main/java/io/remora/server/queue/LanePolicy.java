// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

/**
 * What becomes of a tenant's work when much of it waits already.
 *
 * @param rejects whether work that finds its lane full is refused; otherwise whoever submits is
 *     told to wait
 * @param worksMax works that a lane may hold, pending and in flight, before it is full
 * @param bytesMax bytes that they may hold before it is full
 * @param timeoutNanos work that was not issued so long after its submission is refused; {@code
 *     MAX_VALUE}: never
 */
public record LanePolicy(boolean rejects, int worksMax, long bytesMax, long timeoutNanos) {
  /** Back-pressure at the queue's own bounds. */
  static LanePolicy of(QueueConfig config) {
    return new LanePolicy(false, config.laneWorksMax(), config.laneBytesMax(), Long.MAX_VALUE);
  }
}
