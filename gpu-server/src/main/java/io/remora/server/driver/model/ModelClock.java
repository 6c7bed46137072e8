// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.model;

/** The time that a modelled device lives in. */
public interface ModelClock {
  /** As {@link System#nanoTime}. */
  long nanos();

  /**
   * Runs an action when the time has come, on the clock's thread; at once there if it is over.
   *
   * @param atNanos by {@link #nanos}
   */
  void at(long atNanos, Runnable action);
}
