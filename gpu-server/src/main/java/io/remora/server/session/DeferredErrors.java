// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

/**
 * Failures of calls that were not waited for. Each is told to the client with the call's sequence
 * and number, so that the error names the call; the client reports the first at its next waiting
 * call. What repeats a sticky fault is told once: everything after it fails with it anyhow. Belongs
 * to the session's serial executor.
 */
final class DeferredErrors {
  /**
   * How many errors may be told between two frames of the client: it keeps only the first, and one
   * faulty loop must not fill the network.
   */
  private static final int ERRORS_PER_FRAME_MAX = 16;

  private final Outbox outbox;
  private int stickyTold;
  private int toldSinceFrame;

  /**
   * @param sequence of the call that failed, or whose work failed
   * @param sticky whether everything later on the same device fails with it too
   */
  record Deferred(long sequence, int callNumber, int result, String detail, boolean sticky) {}

  DeferredErrors(Outbox outbox) {
    this.outbox = outbox;
  }

  /** The sticky fault that the client was told; {@code CUDA_SUCCESS} if it was told none. */
  int stickyTold() {
    return stickyTold;
  }

  /** The client was told of a sticky fault by the session's server before. */
  void restore(int told) {
    stickyTold = told;
  }

  /** A frame of the client has arrived. */
  void frameArrived() {
    toldSinceFrame = 0;
  }

  void add(Deferred error) {
    if (error.sticky()) {
      if (stickyTold == error.result()) {
        return;
      }
      stickyTold = error.result();
    } else if (toldSinceFrame >= ERRORS_PER_FRAME_MAX) {
      return;
    }
    toldSinceFrame++;
    outbox.error(error);
  }
}
