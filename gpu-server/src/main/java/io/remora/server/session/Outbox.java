// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.metrics.SessionMeter;
import io.remora.wire.OutboundFrame;
import io.remora.wire.WireWriter;

/**
 * Gathers what goes to the client and sends it: all that one frame or completion brings about is
 * one message. Belongs to the session's serial executor.
 */
final class Outbox {
  /** Beyond this, more in one frame doesn't make it cheaper. */
  private static final int FRAME_BYTES = 32 << 10;

  // Fields of ServerFrame.
  private static final int ANSWERS = 2;
  private static final int ERRORS = 3;
  private static final int CONSUMED_SEQUENCE = 4;
  private static final int CONSUMED_BYTES = 5;
  private static final int CALLBACKS = 6;
  private static final int OUTPUT = 7;

  private final SessionOutput output;
  private final SessionMeter meter;
  private final WireWriter writer = new WireWriter(2 * FRAME_BYTES);
  private int answerMessage;
  private int outputsMessage;
  private long unreadBytes;
  private volatile boolean congested;
  private boolean closed;

  Outbox(SessionOutput output, SessionMeter meter) {
    this.output = output;
    this.meter = meter;
  }

  /**
   * Whether the transport had no room when the last frame was sent. Read by driver threads as a
   * hint only.
   */
  boolean isCongested() {
    return congested;
  }

  /** Bytes sent since the transport last had room. */
  long unreadBytes() {
    return unreadBytes;
  }

  /** The transport has room again. */
  void transportReady() {
    congested = false;
    unreadBytes = 0;
  }

  /** Sends a frame made elsewhere, before everything that is gathered later. */
  void send(OutboundFrame frame) {
    flush();
    transmit(frame);
  }

  /** An answer without outputs. */
  void answer(long sequence, int result, String detail) {
    int answer = writer.beginMessage(ANSWERS);
    writer.varint(1, sequence);
    writer.varint(2, result);
    writer.string(4, detail);
    writer.endMessage(answer);
    flushIfFull();
  }

  /**
   * Begins a successful answer; its outputs are written to what is returned.
   *
   * @param more whether further answers to the same call follow
   */
  WireWriter beginAnswer(long sequence, boolean more) {
    answerMessage = writer.beginMessage(ANSWERS);
    writer.varint(1, sequence);
    writer.bool(5, more);
    outputsMessage = writer.beginMessage(3);
    return writer;
  }

  void endAnswer() {
    writer.endMessage(outputsMessage);
    writer.endMessage(answerMessage);
    if (writer.bytes() != writer.position()) {
      // A payload that wasn't copied must be the end of its frame.
      flush();
    }
    flushIfFull();
  }

  void error(DeferredErrors.Deferred error) {
    int message = writer.beginMessage(ERRORS);
    writer.varint(1, error.sequence());
    writer.varint(2, error.callNumber());
    writer.varint(3, error.result());
    writer.string(4, error.detail());
    writer.bool(5, error.sticky());
    writer.endMessage(message);
    flushIfFull();
  }

  /**
   * @param again whether the function may be asked for again
   */
  void callback(long sequence, long token, int status, boolean again) {
    int message = writer.beginMessage(CALLBACKS);
    writer.varint(1, sequence);
    writer.varint(2, token);
    writer.varint(3, status);
    writer.bool(4, again);
    writer.endMessage(message);
    flushIfFull();
  }

  /** What kernels on a device have printed. */
  void output(int device, PrintBuffer.Piece piece) {
    int message = writer.beginMessage(OUTPUT);
    writer.varint(1, device);
    writer.bytes(2, piece.text());
    writer.varint(3, piece.lost());
    writer.endMessage(message);
    flushIfFull();
  }

  void credit(long consumedSequence, long consumedBytes) {
    writer.varint(CONSUMED_SEQUENCE, consumedSequence);
    writer.varint(CONSUMED_BYTES, consumedBytes);
  }

  /** Whether something waits to be sent. */
  boolean hasContents() {
    return writer.position() != 0;
  }

  /** Sends what was gathered. */
  void flush() {
    if (writer.position() != 0) {
      OutboundFrame frame = writer.frame();
      transmit(frame);
      writer.reset();
    }
  }

  /** Nothing is sent any more. */
  void close() {
    closed = true;
    writer.reset();
  }

  private void flushIfFull() {
    if (writer.position() >= FRAME_BYTES) {
      flush();
    }
  }

  private void transmit(OutboundFrame frame) {
    if (closed) {
      return;
    }
    meter.sent(frame.bytes());
    output.send(frame);
    if (output.isReady()) {
      transportReady();
    } else {
      congested = true;
      unreadBytes += frame.bytes();
    }
  }
}
