// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import com.google.protobuf.ByteString;
import io.remora.server.metrics.SessionMeter;
import io.remora.wire.InboundFrame;

/**
 * One client process on this server. The transport feeds it: one frame for each {@link
 * SessionOutput#requestFrame}, and the end once.
 */
public interface Session {
  /** Names this session in logs and in the handshake. */
  String id();

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

  /** Whether the session waits for its client when the connection is cut. */
  boolean isResumable();

  /**
   * A stream has ended without a word of the client: the session waits for it, or ends if it
   * doesn't do that. Does nothing if the session has another stream by now. Any thread.
   *
   * @param reason for the log
   */
  void onCut(SessionOutput stream, String reason);

  /** Ends the session if it waits for its client; from now on it doesn't wait. Any thread. */
  void stopWaiting(String reason);

  /** Compares what a client has shown with the session's secret, in constant time. Any thread. */
  boolean isSecret(ByteString shown);

  /**
   * The client, which has proven that it is this one, goes on by another stream. The session
   * answers there, or ends the stream if it is over. Any thread.
   *
   * @param receivedBytes the position up to which the client has got frames
   */
  void onResume(SessionOutput stream, long receivedBytes);

  /**
   * The client is gone, whatever the reason: everything the session owns is freed. May be called
   * from any thread and more than once; only the first call counts. Frames that arrive later are
   * closed unread.
   *
   * @param reason for the log
   */
  void onEnd(String reason);
}
