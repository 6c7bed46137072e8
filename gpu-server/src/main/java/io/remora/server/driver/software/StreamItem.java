// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.server.driver.WorkObserver;

/** A piece of work on a stream. */
abstract class StreamItem {
  final WorkObserver observer;

  StreamItem(WorkObserver observer) {
    this.observer = observer;
  }

  /**
   * Does the work, on a thread that owns the stream, and tells {@link SoftwareStream#finish}.
   *
   * @return true when the work is over; false if the item keeps the stream until it calls {@link
   *     SoftwareStream#proceed}
   */
  abstract boolean run(SoftwareStream stream);

  /** Whether the work is so short that it may be done on the thread that submits it. */
  boolean isQuick() {
    return false;
  }
}
