// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import com.google.protobuf.ByteString;

/** A session's life beyond one stream. */
public interface SessionPresence {
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
}
