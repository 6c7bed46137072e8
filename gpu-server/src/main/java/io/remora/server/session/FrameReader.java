// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.session.ProtocolException.Reason;
import io.remora.server.session.generated.CallDispatcher;
import io.remora.wire.InboundFrame;
import io.remora.wire.WireReader;
import io.remora.wire.WireWriter;
import java.util.Arrays;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Decodes frames of the client straight from the wire format and carries out their calls one after
 * the other. Belongs to the session's serial executor.
 */
final class FrameReader {
  // Tags: field number times 8 plus wire type.
  private static final int HELLO = 1 << 3 | 2;
  private static final int FIRST_SEQUENCE = 2 << 3;
  private static final int CALLS = 3 << 3 | 2;
  private static final int CALLBACK_DONE = 4 << 3;
  private static final int CALLBACKS_DONE = 4 << 3 | 2;
  private static final int RECEIVED_BYTES = 5 << 3;
  private static final int NUMBER = 1 << 3;
  private static final int ARGUMENTS = 2 << 3 | 2;
  private static final int CONTEXT = 3 << 3;
  private static final int START_WITHIN_MICROS = 4 << 3;

  /** How long a frame may keep an event loop, which has other sessions to serve. */
  private static final long TURN_NANOS_MAX = 1_000_000;

  private static final int CALLS_PER_CLOCK_READING = 32;
  private static final long NANOS_PER_MICRO = 1_000;

  private static final int REST_HEAD_BYTES = 32;

  private final ClientSession session;
  private final SessionLimits limits;
  private final LongSupplier nanoClock;
  private long lastSequence;

  // Where the reading of the current frame stands.
  private @Nullable WireReader reader;
  private long nextSequence;
  private int calls;

  FrameReader(ClientSession session, SessionLimits limits, LongSupplier nanoClock) {
    this.session = session;
    this.limits = limits;
    this.nanoClock = nanoClock;
  }

  /** Sequence of the last call that was carried out. */
  long lastSequence() {
    return lastSequence;
  }

  /**
   * Reads a frame, or goes on with it, and carries out its calls.
   *
   * @return false if the thread was kept long enough, or no call may begin: the rest is for another
   *     turn
   * @throws ProtocolException if the client broke the protocol
   * @throws io.remora.wire.WireException if the frame is malformed
   */
  boolean read(InboundFrame frame, CallDispatcher dispatcher) {
    WireReader in = reader;
    if (in == null) {
      in = frame.reader();
      nextSequence = 0;
      calls = 0;
    }
    reader = null;
    long begin = nanoClock.getAsLong();
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (tag) {
        case FIRST_SEQUENCE -> nextSequence = in.readVarint64();
        case CALLS -> {
          if (++calls > limits.windowCalls()) {
            throw new ProtocolException(
                Reason.TOO_LARGE,
                "a frame has more than " + limits.windowCalls() + " calls; split it");
          }
          checkSequence(nextSequence);
          int outer = in.pushLimit(in.readLength());
          readCall(in, nextSequence, dispatcher);
          in.popLimit(outer);
          lastSequence = nextSequence++;
          if (session.isEnded()) {
            return true;
          }
          if (session.relocation().isHolding()
              || calls % CALLS_PER_CLOCK_READING == 0
                  && nanoClock.getAsLong() - begin > TURN_NANOS_MAX) {
            reader = in;
            return false;
          }
        }
        case CALLBACK_DONE -> session.callbackDone(in.readVarint64());
        case CALLBACKS_DONE -> readCallbacksDone(in);
        case RECEIVED_BYTES -> session.presence().acknowledged(in.readVarint64());
        case HELLO ->
            throw new ProtocolException(
                Reason.MALFORMED, "Hello may only be the first message of a session");
        default -> in.skip(tag);
      }
    }
    return true;
  }

  private void checkSequence(long sequence) {
    if (sequence != lastSequence + 1) {
      throw new ProtocolException(
          Reason.OUT_OF_SEQUENCE,
          "call "
              + (lastSequence + 1)
              + " was expected, call "
              + Long.toUnsignedString(sequence)
              + " came; a client must number its calls from 1 without gaps");
    }
  }

  private void readCall(WireReader in, long sequence, CallDispatcher dispatcher) {
    int number = 0;
    long context = 0;
    int startWithinMicros = 0;
    byte[] arguments = null;
    for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
      switch (tag) {
        case NUMBER -> number = in.readVarint32();
        case CONTEXT -> context = in.readVarint64();
        case START_WITHIN_MICROS -> startWithinMicros = in.readVarint32();
        case ARGUMENTS -> {
          int length = in.readLength();
          if (length == in.remaining()) {
            // The usual order: the arguments are last and are read where they are.
            carryOut(in, call(sequence, number, context, startWithinMicros), dispatcher);
            return;
          }
          int outer = in.pushLimit(length);
          arguments = in.readRest();
          in.popLimit(outer);
        }
        default -> in.skip(tag);
      }
    }
    byte[] copied = arguments == null ? new byte[0] : arguments;
    carryOut(
        new WireReader(copied, 0, copied.length),
        call(sequence, number, context, startWithinMicros),
        dispatcher);
  }

  private SessionCall call(long sequence, int number, long context, int startWithinMicros) {
    SessionCall call = new SessionCall(session, sequence, number, context);
    if (startWithinMicros != 0) {
      call.startWithin(Integer.toUnsignedLong(startWithinMicros) * NANOS_PER_MICRO);
    }
    return call;
  }

  private void carryOut(WireReader arguments, SessionCall call, CallDispatcher dispatcher) {
    session.callTimes().begins(call);
    if (!session.refusals().isRefused(call)
        && !dispatcher.dispatch(call.number(), arguments, call)) {
      throw new ProtocolException(
          Reason.UNKNOWN_CALL,
          "this server has no call " + call.number() + "; the handshake says which it has");
    }
    session.callTimes().carriedOut(call);
  }

  private void readCallbacksDone(WireReader in) {
    int outer = in.pushLimit(in.readLength());
    while (!in.atEnd()) {
      session.callbackDone(in.readVarint64());
    }
    in.popLimit(outer);
  }

  /** Whether a frame was read in part. */
  boolean isWithinFrame() {
    return reader != null;
  }

  /**
   * What is left of the frame that was read in part, as a frame of its own; that one isn't read on.
   */
  byte[] takeRest() {
    WireReader in = Objects.requireNonNull(reader);
    reader = null;
    byte[] rest = in.readRest();
    WireWriter head = new WireWriter(REST_HEAD_BYTES);
    head.varint(FIRST_SEQUENCE >>> 3, nextSequence);
    byte[] first = head.frame().toByteArray();
    byte[] frame = Arrays.copyOf(first, first.length + rest.length);
    System.arraycopy(rest, 0, frame, first.length, rest.length);
    return frame;
  }

  /** Goes on behind a call that another server has carried out. */
  void continueAfter(long sequence) {
    lastSequence = sequence;
  }
}
