// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

/** A compiled kernel. Implemented by generated classes; has no state of its own. */
public interface KernelCode {
  /** State of a thread that has ended. */
  int EXITED = -1;

  /** Flag of a state: the thread waits for the suspension before the region of this number. */
  int WAITING = 1 << 30;

  /** Flag of a state: the thread gives way to others and may then go on. */
  int YIELDED = 1 << 29;

  /**
   * Runs one region for all threads of a range whose state is that region's number, and leaves in
   * each of them its next state.
   *
   * @param region number of the region, from 0
   * @param context the block
   * @param from first thread of the range
   * @param to thread behind the range
   * @return the union of the new states in the upper half, their intersection in the lower: if the
   *     two are equal, all threads that ran are in that state
   */
  long run(int region, BlockContext context, int from, int to);

  /**
   * Runs one region for threads that are all in its state, as far as they go the same way. Threads
   * whose next state isn't the region's usual one get it in {@link BlockContext#state}, and {@link
   * BlockContext#scattered} is set; those of the others are left alone.
   *
   * @param region number of the region
   * @param context the block
   * @param from first thread of the range
   * @param to thread behind the range
   * @return the first thread that didn't run, or {@code to}; threads from there to {@link
   *     BlockContext#refusedTo} must be {@link #run} one by one
   */
  int rows(int region, BlockContext context, int from, int to);
}
