// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.wire.OutboundFrame;
import java.nio.ByteBuffer;

/** Where frames go: the stream to the server, or a test. Called under the sender's lock. */
interface FrameSink {
  /**
   * Sends a frame. Its encoded bytes may change when this returns, its payload doesn't before
   * {@link #ownPayloads} if it is the program's memory, and never if it is {@link #payloadPlace}'s.
   *
   * @param lent whether the payload is the program's memory
   */
  void send(OutboundFrame frame, boolean lent);

  /** The memory of all payloads that were lent is the program's again. */
  void ownPayloads();

  /** Room for a payload that will be sent and isn't the program's memory. */
  ByteBuffer payloadPlace(int bytes);

  /** The server has all frames up to this position: the sum of their sizes. */
  void acknowledged(long position);

  /** False while the transport has enough to do. */
  boolean isReady();
}
