// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.remora.v1.MemberState;

/** Told how a move to another member ended; exactly one method is called, on any thread. */
interface MemberMoveListener {
  /**
   * The session goes on there.
   *
   * @param bytes device memory that was copied
   */
  void moved(MemberState member, long bytes);

  /** Nothing has changed; the reason is for people. */
  void refused(String why);
}
