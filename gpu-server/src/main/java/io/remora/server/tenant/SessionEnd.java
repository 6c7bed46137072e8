// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

/** Told when a session must end because of what happened to its tenant. */
@FunctionalInterface
public interface SessionEnd {
  /**
   * Called at most once, on any thread, with no lock held; must not block.
   *
   * @param reason for the client and the log: what happened and what to do
   */
  void end(String reason);
}
