// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

/** Told how a move ended; exactly one method is called, on any thread. */
public interface MoveListener {
  /**
   * The session goes on on the other device.
   *
   * @param from the ordinal of the device that it was on
   * @param bytes device memory that was copied
   */
  void moved(int from, long bytes);

  /** Nothing has changed; the reason is for people. */
  void refused(String why);
}
