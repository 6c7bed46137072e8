// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.wire.OutboundFrame;

/** Where frames go: the stream to the server, or a test. Called under the sender's lock. */
interface FrameSink {
  /** Sends a frame; its memory is free again when this returns. */
  void send(OutboundFrame frame);

  /** The server has all frames up to this position: the sum of their sizes. */
  void acknowledged(long position);

  /** False while the transport has enough to do. */
  boolean isReady();
}
