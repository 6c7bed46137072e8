// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.wire.WireWriter;
import java.nio.ByteBuffer;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/**
 * Numbers calls, encodes them one behind the other into one frame, and sends the frame when it is
 * full, when a call waits, or when the {@link IdleFlusher} finds it lying there. Callers of any
 * thread take turns by a lock that is held while one call is encoded, or one frame handed to the
 * transport. The server's credits bound what is under way: without credit, callers block.
 *
 * <p>A call is made in one of three ways, always in this form, so that a failure in between takes
 * the half-written call back:
 *
 * <pre>
 * WireWriter arguments = sender.begin(number, context);
 * try {
 *   CallWriter.cuSomething(arguments, ...);
 *   result = sender.endAsync();
 * } finally {
 *   sender.release();
 * }
 * </pre>
 */
final class CallSender {
  /** Beyond this, more calls in one frame don't make a call cheaper. */
  static final int BATCH_CALLS_MAX = 128;

  static final int BATCH_BYTES_MAX = 16 << 10;

  private static final int WRITER_BYTES = 32 << 10;

  private static final byte[] NONE = new byte[0];
  private static final int FRAME_FIRST_SEQUENCE = 2;
  private static final int FRAME_CALLS = 3;
  private static final int FRAME_CALLBACKS_DONE = 4;
  private static final int FRAME_RECEIVED_BYTES = 5;
  private static final int CALL_NUMBER = 1;
  private static final int CALL_ARGUMENTS = 2;
  private static final int CALL_CONTEXT = 3;
  private static final int CALL_START_WITHIN_MICROS = 4;

  private final NanoClock clock;
  private final FrameSink sink;
  private final ConnectionLoop loop;
  private final PendingAnswers answers;
  private final CallCounters counters;
  private final BitSet supported;
  private final int windowCalls;
  private final long windowBytes;

  private final ReentrantLock lock = new ReentrantLock();
  private final WireWriter writer = new WireWriter(WRITER_BYTES);

  // Under the lock.
  private long nextSequence = 1;
  private long sentBytes;
  private int batched;
  private long batchNumber;
  private long lastTickBatch;
  private int callNumber = -1;
  private int callStart;
  private int callMessage;
  private int argumentsMessage;
  private boolean closing;

  // Written by the receiving thread.
  private volatile long consumedSequence;
  private volatile long consumedBytes;

  /** What the server is to be told to have come, and was told; see {@link #acknowledge}. */
  private volatile long received;

  private volatile long receivedTold;

  /** How many callers wait for credit or for the transport. */
  private final AtomicInteger blocked = new AtomicInteger();

  private volatile int startWithinMicros;
  private volatile boolean pending;
  private volatile @Nullable Failure failure;
  private volatile @Nullable IdleFlusher flusher;

  /**
   * @param supported numbers of the calls that the server understands
   * @param windowCalls calls that may be under way
   * @param windowBytes bytes of frames that may be under way; one frame may always
   */
  CallSender(
      NanoClock clock,
      FrameSink sink,
      ConnectionLoop loop,
      PendingAnswers answers,
      CallCounters counters,
      BitSet supported,
      int windowCalls,
      long windowBytes) {
    this.clock = clock;
    this.sink = sink;
    this.loop = loop;
    this.answers = answers;
    this.counters = counters;
    this.supported = supported;
    this.windowCalls = Math.max(1, windowCalls);
    this.windowBytes = windowBytes;
  }

  /** Work of later calls that the server can't start in this time is refused; 0: any time. */
  void startWithin(int micros) {
    startWithinMicros = micros;
  }

  /** Names the thread that sends what lies too long. */
  void flushedBy(IdleFlusher idleFlusher) {
    flusher = idleFlusher;
  }

  /**
   * Starts a call and takes the lock; {@link #release} gives it back.
   *
   * @param context the caller's current context, as the wire names it
   * @return where the call's arguments are to be written
   */
  WireWriter begin(int number, long context) {
    lock.lock();
    if (!hasRoom(nextSequence, bytesSent(), 0)) {
      awaitRoom(0);
    }
    startCall(number, context);
    return writer;
  }

  /**
   * As {@link #begin}, for a call whose payload ends a frame of its own; waits until the transport
   * has room.
   *
   * @param payloadBytes size of the payload
   */
  WireWriter beginPayload(int number, long context, int payloadBytes) {
    lock.lock();
    flushLocked();
    if (!hasRoom(nextSequence, bytesSent(), payloadBytes)) {
      awaitRoom(payloadBytes);
    }
    startCall(number, context);
    return writer;
  }

  private void startCall(int number, long context) {
    if (batched == 0) {
      writer.reset();
      writer.varint(FRAME_FIRST_SEQUENCE, nextSequence);
    }
    callNumber = number;
    callStart = writer.position();
    callMessage = writer.beginMessage(FRAME_CALLS);
    writer.varint(CALL_NUMBER, number);
    writer.varint(CALL_CONTEXT, context);
    int startWithin = startWithinMicros;
    if (startWithin != 0) {
      writer.varint(CALL_START_WITHIN_MICROS, startWithin);
    }
    argumentsMessage = writer.beginMessage(CALL_ARGUMENTS);
  }

  /**
   * Ends a call that isn't answered. It is sent soon.
   *
   * @return {@code CUDA_SUCCESS}, or the result that the lost connection gives to every call
   */
  int endAsync() {
    if (!supported.get(callNumber)) {
      return CUresult.CUDA_ERROR_NOT_SUPPORTED;
    }
    endCall();
    counters.sent(callNumber, false);
    callNumber = -1;
    flushSoon();
    Failure lost = failure;
    return lost == null ? 0 : lost.result();
  }

  /**
   * Ends a call that isn't answered and whose payload ends the frame, which is sent now.
   *
   * @param lent whether the payload is the program's memory, not {@link #payloadPlace}'s; {@link
   *     #ownPayloads} must follow before the program gets it back
   */
  int endPayload(boolean lent) {
    if (!supported.get(callNumber)) {
      return CUresult.CUDA_ERROR_NOT_SUPPORTED;
    }
    endCall();
    counters.sent(callNumber, false);
    callNumber = -1;
    flushLocked(lent);
    Failure lost = failure;
    return lost == null ? 0 : lost.result();
  }

  /** Room for the payload of a call, which {@link #endPayload} takes back. */
  ByteBuffer payloadPlace(int bytes) {
    lock.lock();
    try {
      return sink.payloadPlace(bytes);
    } finally {
      unlock();
    }
  }

  /** What payloads were lent is the program's again. */
  void ownPayloads() {
    lock.lock();
    try {
      sink.acknowledged(consumedBytes);
      sink.ownPayloads();
    } finally {
      unlock();
    }
  }

  /** Ends a call whose answer a thread waits for, and sends it and everything before it. */
  void endSync(Waiter waiter) {
    endAnswered(waiter, true);
  }

  /** Ends a call that is answered while nobody waits. It is sent soon. */
  int endExpected(Expected answer) {
    endAnswered(answer, false);
    Failure lost = failure;
    return lost == null ? 0 : lost.result();
  }

  private void endAnswered(Expected waiter, boolean waits) {
    if (!supported.get(callNumber)) {
      waiter.complete(
          0, CUresult.CUDA_ERROR_NOT_SUPPORTED, "the server is older than this call", NONE);
      return;
    }
    long sequence = nextSequence;
    endCall();
    counters.sent(callNumber, waits);
    callNumber = -1;
    answers.expect(sequence, waiter);
    if (waits) {
      flushLocked();
    } else {
      flushSoon();
    }
  }

  /** Sends a full frame, and makes sure that any other is sent without being asked for. */
  private void flushSoon() {
    if (batched >= BATCH_CALLS_MAX || writer.position() >= BATCH_BYTES_MAX) {
      flushLocked();
    } else if (!pending) {
      pending = true;
      wakeFlusher();
    }
  }

  private void endCall() {
    writer.endMessage(argumentsMessage);
    writer.endMessage(callMessage);
    batched++;
    nextSequence++;
  }

  /** Gives the lock back. A call that was begun and not ended is forgotten. */
  void release() {
    if (callNumber >= 0) {
      callNumber = -1;
      writer.truncate(callStart);
    }
    unlock();
  }

  /** Frames leave without the lock, so that others may encode meanwhile. */
  private void unlock() {
    lock.unlock();
    tellReceived();
    loop.runPending();
  }

  /**
   * Tells the server that its frames have come up to a position. Needs no credit. Receiving thread
   * only, which never waits for the lock: who holds it tells the server then.
   */
  void acknowledge(long position) {
    received = position;
    tellReceived();
  }

  private void tellReceived() {
    while (received != receivedTold && lock.tryLock()) {
      try {
        long position = received;
        if (position != receivedTold) {
          receivedTold = position;
          flushLocked();
          writer.reset();
          writer.varint(FRAME_RECEIVED_BYTES, position);
          transmit(false);
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /** Runs something that concerns what is sent while nothing is. */
  void locked(Runnable change) {
    lock.lock();
    try {
      change.run();
    } finally {
      unlock();
    }
  }

  /** The sequence number that the next call will have. */
  long nextSequence() {
    lock.lock();
    try {
      return nextSequence;
    } finally {
      lock.unlock();
    }
  }

  /** Sends what is there. */
  void flush() {
    lock.lock();
    try {
      flushLocked();
    } finally {
      unlock();
    }
  }

  /** Tells the server that a host callback has run. Needs no credit. */
  void callbackDone(long sequence) {
    lock.lock();
    try {
      flushLocked();
      writer.reset();
      writer.packedVarints(FRAME_CALLBACKS_DONE, sequence);
      transmit(false);
    } finally {
      unlock();
    }
  }

  /** Sends what is there and then runs {@code end}, after which nothing is sent any more. */
  void close(Runnable end) {
    lock.lock();
    try {
      flushLocked();
      if (!closing) {
        closing = true;
        end.run();
      }
    } finally {
      unlock();
    }
  }

  /**
   * Called about every millisecond while something is pending: sends a frame that the last tick saw
   * already. Never waits for the lock; who holds it is about to send or to be seen by the next
   * tick.
   *
   * @return whether something is pending
   */
  boolean tick() {
    if (pending && lock.tryLock()) {
      try {
        if (batched > 0 && lastTickBatch == batchNumber) {
          flushLocked();
        }
        lastTickBatch = batchNumber;
      } finally {
        unlock();
      }
    }
    return pending;
  }

  /** Whether an unsent frame lies here. */
  boolean isPending() {
    return pending;
  }

  /** The server has taken calls off its queue. Receiving thread only. */
  void consumed(long sequence, long bytes) {
    if (sequence > consumedSequence) {
      consumedSequence = sequence;
    }
    if (bytes > consumedBytes) {
      consumedBytes = bytes;
    }
    signalRoom();
  }

  /** Lets callers that wait for credit or for the transport look again. */
  void signalRoom() {
    if (blocked.get() > 0) {
      loop.recheck();
    }
  }

  /** From now on nothing is sent; blocked callers go on. */
  void fail(Failure cause) {
    failure = cause;
    loop.recheck();
  }

  private void wakeFlusher() {
    IdleFlusher sleeping = flusher;
    if (sleeping != null) {
      sleeping.wake();
    }
  }

  private void flushLocked() {
    flushLocked(false);
  }

  private void flushLocked(boolean lent) {
    if (batched > 0) {
      batched = 0;
      batchNumber++;
      pending = false;
      transmit(lent);
    }
  }

  private void transmit(boolean lent) {
    int bytes = writer.bytes();
    sentBytes += bytes;
    counters.sentBytes(bytes);
    if (failure == null && !closing) {
      sink.acknowledged(consumedBytes);
      sink.send(writer.frame(), lent);
    }
    writer.reset();
  }

  /** Gives the lock away while it waits, but not its turn: the call that is begun comes next. */
  private void awaitRoom(int payloadBytes) {
    flushLocked();
    long start = clock.nanos();
    blocked.incrementAndGet();
    while (failure == null && !hasRoom(nextSequence, bytesSent(), payloadBytes)) {
      long sequence = nextSequence;
      long sent = bytesSent();
      unlock();
      try {
        loop.await(() -> failure != null || hasRoom(sequence, sent, payloadBytes), 0);
      } finally {
        lock.lock();
      }
      // Another caller may have got there first, and left calls that must be sent to be consumed.
      flushLocked();
    }
    blocked.decrementAndGet();
    counters.blockedForCredit(clock.nanos() - start);
  }

  private long bytesSent() {
    return sentBytes + (batched > 0 ? writer.position() : 0);
  }

  private boolean hasRoom(long sequence, long sent, int payloadBytes) {
    long underWay = sent - consumedBytes;
    return sequence - consumedSequence <= windowCalls
        && (underWay <= 0 || underWay + payloadBytes <= windowBytes)
        && (payloadBytes == 0 || sink.isReady());
  }
}
