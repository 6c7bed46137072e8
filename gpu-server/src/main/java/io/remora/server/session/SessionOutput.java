// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.wire.OutboundFrame;

/**
 * The way back to one client. The session calls it from one thread at a time, but not always the
 * same one. After {@link #end} nothing else is called.
 */
public interface SessionOutput {
  /** Sends a frame to the client; frames keep their order. Does nothing when the client is gone. */
  void send(OutboundFrame frame);

  /** False while the transport holds enough that more would only be buffered. */
  boolean isReady();

  /**
   * Registers what to run whenever {@link #isReady} has become true again. Called once, before a
   * frame is requested by this session.
   */
  void onReady(Runnable whenWritable);

  /** Asks for one more frame: {@link Session#onFrame} will be called once for it. */
  void requestFrame();

  /**
   * Ends the stream with a status that carries the cause's message. {@link Session#onEnd} need not
   * follow, the session frees everything by itself.
   */
  void end(ProtocolException cause);

  /**
   * Ends the stream and tells the client to go on with its session at another server.
   *
   * @param server HOST:PORT
   */
  void moved(String server);
}
