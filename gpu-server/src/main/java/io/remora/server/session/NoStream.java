// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.wire.OutboundFrame;

/** In place of the stream of a session whose client hasn't come yet. */
final class NoStream implements SessionOutput {
  @Override
  public void send(OutboundFrame frame) {}

  @Override
  public boolean isReady() {
    return false;
  }

  @Override
  public void onReady(Runnable whenWritable) {}

  @Override
  public void requestFrame() {}

  @Override
  public void end(ProtocolException cause) {}

  @Override
  public void moved(String server) {}
}
