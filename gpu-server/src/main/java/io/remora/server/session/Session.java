// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.metrics.SessionMeter;
import io.remora.wire.InboundFrame;

/**
 * One client process on this server. The transport feeds it: one frame for each {@link
 * SessionOutput#requestFrame}, and the end once.
 */
public interface Session {
  /** Names this session in logs and in the handshake. */
  String id();

  /** How many devices it has; 0 before they are open. Any thread. */
  int devices();

  /** What it has done. */
  SessionMeter meter();

  /**
   * Takes a frame of the client after the one with Hello. Called by one thread at a time for each
   * stream; never blocks and never throws. The session closes the frame when nothing of it is
   * needed any more.
   *
   * @param from the stream that it came by; if the session has another one now, the frame is closed
   *     unread, since the client sends it again
   */
  void onFrame(InboundFrame frame, SessionOutput from);

  /** What happens when the client's connection is cut, and when it is back. */
  SessionPresence presence();

  /**
   * Moves what the session has on one device to another, with the same addresses and handles, as
   * soon as nothing of it is under way. Calls that come meanwhile wait. Any thread.
   *
   * @param from the device's ordinal; -1: the only one that the session has
   * @param to ordinal of the other one, which is there
   * @param withinNanos how long the session may need to come to rest
   */
  void move(int from, int to, long withinNanos, MoveListener listener);

  /**
   * Has the session carried to another server as soon as nothing of it is under way. Calls that
   * come meanwhile wait, and are carried out where the session is in the end. Any thread.
   *
   * @param withinNanos how long the session may need to come to rest
   */
  void depart(long withinNanos, Carrier carrier);

  /**
   * The client is gone, whatever the reason: everything the session owns is freed. May be called
   * from any thread and more than once; only the first call counts. Frames that arrive later are
   * closed unread.
   *
   * @param reason for the log
   */
  void onEnd(String reason);
}
