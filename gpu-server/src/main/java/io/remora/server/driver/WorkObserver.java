// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

/** Told how a piece of work on a stream ended. Called exactly once for accepted work. */
@FunctionalInterface
public interface WorkObserver {
  /** For callers that need no word of the end. */
  WorkObserver NONE = (result, deviceNanos) -> {};

  /**
   * Called when the work is over: on a driver's thread, or on the calling thread before the call
   * that put the work on its stream has returned. Must not block; may put more work on streams.
   *
   * @param result {@code CUDA_SUCCESS} or the error of the work
   * @param deviceNanos time that the device spent on it, or -1 where it was not measured
   */
  void onDone(int result, long deviceNanos);
}
