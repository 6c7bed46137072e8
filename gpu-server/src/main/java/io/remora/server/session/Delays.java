// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

/** Runs things later, on a thread that must not be kept. */
@FunctionalInterface
interface Delays {
  /** Runs a task after a time. */
  void after(long nanos, Runnable task);
}
