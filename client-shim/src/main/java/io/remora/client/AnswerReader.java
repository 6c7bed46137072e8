// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import com.google.protobuf.InvalidProtocolBufferException;
import io.remora.v1.Resumed;
import io.remora.v1.Welcome;
import io.remora.wire.InboundFrame;
import io.remora.wire.WireException;
import io.remora.wire.WireReader;
import java.util.function.Consumer;

/**
 * Takes the server's frames apart and hands each part to whom it concerns. Runs on the receiving
 * thread; anything malformed is a {@link WireException}, after which the connection is of no use.
 */
final class AnswerReader {
  private static final byte[] NONE = new byte[0];

  private static final int VARINT = 0;
  private static final int LENGTH = 2;
  private static final int FRAME_WELCOME = 1 << 3 | LENGTH;
  private static final int FRAME_ANSWER = 2 << 3 | LENGTH;
  private static final int FRAME_ERROR = 3 << 3 | LENGTH;
  private static final int FRAME_CONSUMED_SEQUENCE = 4 << 3 | VARINT;
  private static final int FRAME_CONSUMED_BYTES = 5 << 3 | VARINT;
  private static final int FRAME_CALLBACK = 6 << 3 | LENGTH;
  private static final int FRAME_OUTPUT = 7 << 3 | LENGTH;
  private static final int FRAME_RESUMED = 8 << 3 | LENGTH;

  private static final int ANSWER_SEQUENCE = 1 << 3 | VARINT;
  private static final int ANSWER_RESULT = 2 << 3 | VARINT;
  private static final int ANSWER_OUTPUTS = 3 << 3 | LENGTH;
  private static final int ANSWER_DETAIL = 4 << 3 | LENGTH;
  private static final int ANSWER_MORE = 5 << 3 | VARINT;

  private static final int ERROR_SEQUENCE = 1 << 3 | VARINT;
  private static final int ERROR_CALL_NUMBER = 2 << 3 | VARINT;
  private static final int ERROR_RESULT = 3 << 3 | VARINT;
  private static final int ERROR_DETAIL = 4 << 3 | LENGTH;

  private static final int CALLBACK_SEQUENCE = 1 << 3 | VARINT;
  private static final int CALLBACK_TOKEN = 2 << 3 | VARINT;
  private static final int CALLBACK_STATUS = 3 << 3 | VARINT;
  private static final int CALLBACK_AGAIN = 4 << 3 | VARINT;

  private static final int OUTPUT_DEVICE = 1 << 3 | VARINT;
  private static final int OUTPUT_TEXT = 2 << 3 | LENGTH;
  private static final int OUTPUT_LOST = 3 << 3 | VARINT;

  private final PendingAnswers answers;
  private final DeferredErrors errors;
  private final HostCallbacks callbacks;
  private final DeviceOutput output;
  private final CreditListener credits;
  private final Consumer<Welcome> welcomes;

  AnswerReader(
      PendingAnswers answers,
      DeferredErrors errors,
      HostCallbacks callbacks,
      DeviceOutput output,
      CreditListener credits,
      Consumer<Welcome> welcomes) {
    this.answers = answers;
    this.errors = errors;
    this.callbacks = callbacks;
    this.output = output;
    this.credits = credits;
    this.welcomes = welcomes;
  }

  /**
   * Reads the first frame of a stream that goes on with a session.
   *
   * @return the position up to which the server has got frames
   */
  static long resumed(InboundFrame frame) {
    WireReader in = frame.reader();
    if (in.readTag() != FRAME_RESUMED) {
      throw new WireException("the first frame of a resumed session is another");
    }
    try {
      return Resumed.parseFrom(in.readBytes()).getReceivedBytes();
    } catch (InvalidProtocolBufferException e) {
      throw new WireException("the frame that resumes the session is malformed");
    }
  }

  /** Told how far the server has got with what was sent. */
  interface CreditListener {
    void consumed(long sequence, long bytes);
  }

  /** Handles all that a frame holds; the frame stays the caller's. */
  void read(InboundFrame frame) {
    WireReader in = frame.reader();
    long consumedSequence = 0;
    long consumedBytes = 0;
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (tag) {
        case FRAME_ANSWER -> readAnswer(in);
        case FRAME_CONSUMED_SEQUENCE -> consumedSequence = in.readVarint64();
        case FRAME_CONSUMED_BYTES -> consumedBytes = in.readVarint64();
        case FRAME_ERROR -> readError(in);
        case FRAME_CALLBACK -> readCallback(in);
        case FRAME_OUTPUT -> readOutput(in);
        case FRAME_WELCOME -> readWelcome(in);
        default -> in.skip(tag);
      }
    }
    if (consumedSequence != 0 || consumedBytes != 0) {
      credits.consumed(consumedSequence, consumedBytes);
    }
  }

  private void readWelcome(WireReader in) {
    try {
      welcomes.accept(Welcome.parseFrom(in.readBytes()));
    } catch (InvalidProtocolBufferException e) {
      throw new WireException("the server's welcome is malformed");
    }
  }

  private void readAnswer(WireReader in) {
    int outer = in.pushLimit(in.readLength());
    long sequence = 0;
    int result = 0;
    byte[] outputs = NONE;
    String detail = "";
    boolean more = false;
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (tag) {
        case ANSWER_SEQUENCE -> sequence = in.readVarint64();
        case ANSWER_RESULT -> result = in.readVarint32();
        case ANSWER_OUTPUTS -> outputs = readOutputs(in, sequence);
        case ANSWER_DETAIL -> detail = in.readString();
        case ANSWER_MORE -> more = in.readBool();
        default -> in.skip(tag);
      }
    }
    in.popLimit(outer);
    if (!more) {
      answers.answered(sequence, result, detail, outputs);
    }
  }

  /** Bulk outputs go where they belong; small ones are kept for the thread that waits. */
  private byte[] readOutputs(WireReader in, long sequence) {
    BulkTarget target = answers.find(sequence).target();
    if (target == null) {
      return in.readBytes();
    }
    int outer = in.pushLimit(in.readLength());
    target.decode(in);
    in.popLimit(outer);
    return NONE;
  }

  private void readError(WireReader in) {
    int outer = in.pushLimit(in.readLength());
    long sequence = 0;
    int number = 0;
    int result = 0;
    String detail = "";
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (tag) {
        case ERROR_SEQUENCE -> sequence = in.readVarint64();
        case ERROR_CALL_NUMBER -> number = in.readVarint32();
        case ERROR_RESULT -> result = in.readVarint32();
        case ERROR_DETAIL -> detail = in.readString();
        default -> in.skip(tag);
      }
    }
    in.popLimit(outer);
    if (result == 0) {
      throw new WireException("an asynchronous error without a result");
    }
    errors.add(new DeferredErrors.Deferred(sequence, number, result, detail));
  }

  private void readOutput(WireReader in) {
    int outer = in.pushLimit(in.readLength());
    int device = 0;
    byte[] text = NONE;
    long lost = 0;
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (tag) {
        case OUTPUT_DEVICE -> device = in.readVarint32();
        case OUTPUT_TEXT -> text = in.readBytes();
        case OUTPUT_LOST -> lost = in.readVarint64();
        default -> in.skip(tag);
      }
    }
    in.popLimit(outer);
    output.arrived(device, text, lost);
  }

  private void readCallback(WireReader in) {
    int outer = in.pushLimit(in.readLength());
    long sequence = 0;
    long token = 0;
    int status = 0;
    boolean again = false;
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (tag) {
        case CALLBACK_SEQUENCE -> sequence = in.readVarint64();
        case CALLBACK_TOKEN -> token = in.readVarint64();
        case CALLBACK_STATUS -> status = in.readVarint32();
        case CALLBACK_AGAIN -> again = in.readBool();
        default -> in.skip(tag);
      }
    }
    in.popLimit(outer);
    callbacks.reached(sequence, token, status, again);
  }
}
