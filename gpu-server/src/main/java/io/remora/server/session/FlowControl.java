// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.ProtocolException.Reason;
import io.remora.v1.SessionImage;
import io.remora.wire.WireLimits;
import java.util.List;

/**
 * When the session wants more of its client. Two barriers: the client sends no more calls than its
 * credit, and the transport delivers no frame that was not asked for. While a lane is full there is
 * no credit, and no frame is asked for unless host callbacks are out: then their completion must
 * get through, or the lane might never drain. For the same reason all frames are read while bulk
 * answers wait for the client to acknowledge earlier ones. Belongs to the session's serial
 * executor.
 */
final class FlowControl {
  /** Credit is told when this part of the window is consumed. */
  private static final int CREDIT_PART = 4;

  private final Pacing pacing;
  private final SessionLimits limits;
  private final Outbox outbox;
  private final SessionLink link;
  private List<SessionDevice> devices = List.of();
  private boolean open;
  private boolean held;
  private boolean frameRequested;
  private int callbacksOut;
  private long consumedSequence;
  private long consumedBytes;
  private long toldSequence;
  private long toldBytes;

  FlowControl(ClientSession session, Outbox outbox, SessionLink link) {
    this.pacing = new Pacing(session, session.grant().account().upload(), this::requestIfRoom);
    this.limits = session.services().limits();
    this.outbox = outbox;
    this.link = link;
  }

  /** Bytes of all frames that have come. */
  long consumedBytes() {
    return consumedBytes;
  }

  /** The devices are open: frames may come. */
  void open(List<SessionDevice> opened) {
    devices = opened;
    open = true;
  }

  /** Whether no call may begin, so that no frame is wanted. */
  void hold(boolean now) {
    held = now;
  }

  void callbackSent() {
    callbacksOut++;
  }

  void callbackDone() {
    callbacksOut--;
  }

  /**
   * A frame has come.
   *
   * @throws ProtocolException if it exceeds a bound of the handshake
   */
  void frameArrived(int bytes) {
    frameRequested = false;
    if (bytes > WireLimits.FRAME_BYTES_MAX) {
      throw new ProtocolException(
          Reason.TOO_LARGE,
          "a frame has " + bytes + " bytes, the most is " + WireLimits.FRAME_BYTES_MAX);
    }
    consumedBytes += bytes;
    pacing.moved(bytes);
    // A client may begin one frame with its last credit.
    if (consumedBytes - toldBytes > limits.windowBytes() + 2L * WireLimits.FRAME_BYTES_MAX) {
      throw beyondCredit();
    }
  }

  /**
   * A frame was read up to this call.
   *
   * @throws ProtocolException if the client had no credit for it
   */
  void consumed(long sequence) {
    consumedSequence = sequence;
    if (sequence - toldSequence > limits.windowCalls()) {
      throw beyondCredit();
    }
  }

  private static ProtocolException beyondCredit() {
    return new ProtocolException(
        Reason.TOO_LARGE, "the client sent more than its credit; it must wait for the server's");
  }

  /**
   * Tells the client of its credit once that is worth a message, and nothing while a lane is full.
   */
  void creditIfDue() {
    boolean due =
        consumedSequence - toldSequence >= limits.windowCalls() / CREDIT_PART
            || consumedBytes - toldBytes >= limits.windowBytes() / CREDIT_PART;
    if (due && hasRoom() && isRead()) {
      toldSequence = consumedSequence;
      toldBytes = consumedBytes;
      outbox.credit(consumedSequence, consumedBytes);
    }
  }

  /** A lane that was full has drained. */
  void roomAgain() {
    requestIfRoom();
  }

  /** Asks for the next frame if none is on its way and there is room for it. */
  void requestIfRoom() {
    if (!frameRequested
        && open
        && !held
        && !pacing.isPaused()
        && (link.awaitsAcknowledgement() || (isRead() && (callbacksOut > 0 || hasRoom())))) {
      frameRequested = true;
      link.requestFrame();
    }
  }

  /** Whether the client reads what it is sent. */
  private boolean isRead() {
    return outbox.unreadBytes() <= limits.answerBytesMax();
  }

  private boolean hasRoom() {
    for (SessionDevice device : devices) {
      if (device.lane().isFull()) {
        return false;
      }
    }
    return true;
  }

  /** Writes down how far both ends are. */
  void describe(SessionImage.Link.Builder link) {
    link.setConsumedBytes(consumedBytes)
        .setConsumedSequence(consumedSequence)
        .setToldBytes(toldBytes)
        .setToldSequence(toldSequence);
  }

  /** Goes on where the server was that the session comes from. */
  void restore(SessionImage.Link link) {
    consumedBytes = link.getConsumedBytes();
    consumedSequence = link.getConsumedSequence();
    toldBytes = link.getToldBytes();
    toldSequence = link.getToldSequence();
    if (toldBytes < 0
        || toldBytes > consumedBytes
        || toldSequence < 0
        || toldSequence > consumedSequence) {
      throw new IllegalArgumentException("the client was told of more than has come");
    }
  }
}
