// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

/**
 * Bounds of one session: what its client may make the server hold.
 *
 * @param windowCalls calls that a client may have under way without having heard of their
 *     consumption; also the most calls in one frame
 * @param windowBytes the same for bytes of frames
 * @param handlesMax objects of each kind
 * @param allocationsMax allocations on each device
 * @param waitingCallsMax calls that wait for their answer at once
 * @param hostCallbacksMax host callbacks that were asked for and have not run
 * @param loadsMax module loads that wait or run at once
 * @param imageUploadsMax module images that are being uploaded at once
 * @param answerBytesMax bytes of answers that may wait for a client that doesn't read; beyond it
 *     the session reads no calls
 */
public record SessionLimits(
    int windowCalls,
    long windowBytes,
    int handlesMax,
    int allocationsMax,
    int waitingCallsMax,
    int hostCallbacksMax,
    int loadsMax,
    int imageUploadsMax,
    long answerBytesMax) {

  /**
   * A window of 8192 calls is a millisecond of launches at full speed beyond a round trip of
   * several; 16 MiB are 10 ms of a 10 Gbit/s network. The rest is far above what programs use and
   * far below what would hurt a server of some hundred sessions.
   */
  public static final SessionLimits DEFAULTS =
      new SessionLimits(8192, 16L << 20, 1 << 20, 1 << 20, 16_384, 4096, 256, 4, 1L << 20);
}
