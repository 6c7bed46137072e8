// SPDX-License-Identifier: Apache-2.0
package io.remora.server.queue;

import io.remora.server.driver.WorkObserver;

/**
 * A piece of work for a device. Exactly one of {@link #issue} and {@link #dropped} is called, once,
 * and never while the queue holds a lock; only if {@code issue} threw, {@code dropped} follows it.
 */
public interface Work {
  /** The {@link #estimateKey} of work that takes no device time: event records, waits, markers. */
  long FREE = 0;

  /**
   * Names work that takes about the same device time: of one lane, the same function with the same
   * grid, block and shared memory, or a copy of about the same size. {@link #FREE} for work that
   * takes none; it still keeps its place in the lane but waits for no bound.
   */
  long estimateKey();

  /** Bytes of host memory that the work holds until it is over; counts against the lane's bound. */
  long bytes();

  /**
   * Whether the end of this work waits for something outside the device, such as a host callback.
   * While such work is open, what its tenant has in flight may stand still through no fault of the
   * device, so it is not held against the other tenants.
   */
  default boolean waitsForHost() {
    return false;
  }

  /**
   * Whether the work may be refused by itself: not a marker that others wait for, and not a part of
   * something of which another part may have begun.
   */
  default boolean isRefusable() {
    return false;
  }

  /**
   * How long after its submission refusable work may be issued; {@code MAX_VALUE}: at any time.
   * Once that is over it is dropped instead.
   */
  default long startWithinNanos() {
    return Long.MAX_VALUE;
  }

  /**
   * Gives the work to the driver. Called in the order of submission within a lane, on the
   * submitting thread or on one that ended other work; must not block and should not throw: a
   * refusal by the driver is an end too.
   *
   * @param observer must be told the end, exactly once, on any thread, also during this call
   */
  void issue(WorkObserver observer);

  /**
   * The work will never be issued.
   *
   * @param result {@code CUDA_ERROR_CONTEXT_IS_DESTROYED} if its lane was closed, {@code
   *     CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES} if the lane was full, {@code CUDA_ERROR_TIMEOUT} if it
   *     could not be issued in time
   */
  void dropped(int result);
}
