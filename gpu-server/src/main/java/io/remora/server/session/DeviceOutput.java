// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Sends what kernels print: while they run as far as the client reads, and all of it before a call
 * is answered that has waited, so that the program sees the text when its synchronisation returns.
 * Belongs to the session's serial executor but for {@link #printed}.
 */
final class DeviceOutput {
  /** One piece on the wire; a single entry may be twice as long. */
  private static final int PIECE_BYTES = 32 << 10;

  private final ClientSession session;
  private final AtomicBoolean signalled = new AtomicBoolean();

  /** Set once something was printed: until then answers cost nothing here. */
  private volatile boolean used;

  DeviceOutput(ClientSession session) {
    this.session = session;
  }

  /** A kernel has printed; any thread. */
  void printed() {
    used = true;
    if (!signalled.getAndSet(true)) {
      session.signal(this::sendIfRoom);
    }
  }

  /** Sends what there is unless the client is slow to read: then the buffers bound it. */
  void sendIfRoom() {
    signalled.set(false);
    if (used && !session.isEnded()) {
      for (SessionDevice device : session.objects().devices()) {
        boolean more = true;
        while (more
            && session.outbox().unreadBytes() <= session.services().limits().answerBytesMax()) {
          more = sendPiece(device);
        }
      }
    }
  }

  /** Sends all there is: the next answer must not come before it. */
  void sendAll() {
    if (used) {
      for (SessionDevice device : session.objects().devices()) {
        while (device.prints().isFilled()) {
          if (!sendPiece(device)) {
            break;
          }
        }
      }
    }
  }

  private boolean sendPiece(SessionDevice device) {
    PrintBuffer.Piece piece = device.prints().take(PIECE_BYTES);
    if (piece == null) {
      return false;
    }
    session.outbox().output(device.ordinal(), piece);
    return true;
  }
}
