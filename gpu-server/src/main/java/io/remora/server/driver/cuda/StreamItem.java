// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

/** Work that waits for its turn on a stream, because something before it has to happen first. */
interface StreamItem {
  /**
   * Gives the work to the driver, with the stream's lock held.
   *
   * @return false if it has to wait; then it sees to it that {@link CudaStream#proceed} is called
   */
  boolean issue(CudaStream stream);

  /** The stream ends before the work was given to the driver; no lock is held. */
  void dropped(int result);
}
