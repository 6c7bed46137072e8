// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.Status;
import io.remora.v1.Welcome;
import io.remora.wire.InboundFrame;
import io.remora.wire.WireException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of a connection: all of it runs on the transport's thread, and nothing in it
 * blocks. It also decides when the connection is over, and tells everybody once.
 */
final class Receiver extends ClientCall.Listener<InboundFrame> {
  /** An eighth of what a server keeps at most before it waits to be told. */
  private static final int ACKNOWLEDGED_BYTES = 512 << 10;

  private static final int ACKNOWLEDGED_FRAMES = 256;

  private final PendingAnswers answers;
  private final CallCounters counters;
  private final AnswerReader reader;
  private final CompletableFuture<Welcome> welcome = new CompletableFuture<>();
  private final CountDownLatch closed = new CountDownLatch(1);

  private @Nullable Failure failure;
  private @Nullable CallSender sender;
  private @Nullable Resumption resumption;
  private @Nullable Consumer<Failure> whenFailed;
  private volatile @Nullable Status status;

  /** The stream that the session has now. Receiving thread. */
  private ClientCall.Listener<InboundFrame> stream = this;

  // How much has come behind the welcome, and how much of that the server was told. Receiving
  // thread.
  private long receivedBytes;
  private long acknowledgedBytes;
  private int unacknowledgedFrames;

  Receiver(
      PendingAnswers answers,
      DeferredErrors errors,
      HostCallbacks callbacks,
      DeviceOutput output,
      CallCounters counters) {
    this.answers = answers;
    this.counters = counters;
    reader = new AnswerReader(answers, errors, callbacks, output, this::consumed, this::welcomed);
  }

  /** Completed by the server's first frame, or exceptionally if the stream ends without one. */
  CompletableFuture<Welcome> welcome() {
    return welcome;
  }

  /**
   * Names the sender that is to hear of credits and of the end.
   *
   * @param newResumption what to do when the connection is cut; null if the session ends then
   */
  void attach(CallSender newSender, @Nullable Resumption newResumption) {
    Failure early;
    synchronized (this) {
      sender = newSender;
      resumption = newResumption;
      early = failure;
    }
    if (early != null) {
      newSender.fail(early);
    }
  }

  /** Names who is told once when the connection is over, at once if it is; may not block. */
  void whenFailed(Consumer<Failure> listener) {
    Failure early;
    synchronized (this) {
      whenFailed = listener;
      early = failure;
    }
    if (early != null) {
      listener.accept(early);
    }
  }

  /** Ends the connection for all callers; the first cause counts. */
  void fail(Failure cause) {
    CallSender sending;
    Consumer<Failure> listener;
    synchronized (this) {
      if (failure != null) {
        return;
      }
      failure = cause;
      sending = sender;
      listener = whenFailed;
    }
    if (sending != null) {
      sending.fail(cause);
    }
    answers.fail(cause);
    if (listener != null) {
      listener.accept(cause);
    }
  }

  /** Why the connection is of no use any more, or null. */
  synchronized @Nullable Failure failure() {
    return failure;
  }

  /** Waits for the stream's end. */
  boolean awaitClosed(long timeoutMillis) throws InterruptedException {
    return closed.await(timeoutMillis, TimeUnit.MILLISECONDS);
  }

  /** How the stream ended, or null while it is open. */
  @Nullable Status status() {
    return status;
  }

  /** The position up to which the server's frames have come. */
  long receivedBytes() {
    return receivedBytes;
  }

  /** The session goes on by another stream. */
  void resumedBy(ClientCall.Listener<InboundFrame> newStream) {
    stream = newStream;
    counters.resumed();
  }

  @Override
  public void onMessage(InboundFrame frame) {
    int bytes = frame.bytes();
    counters.received(bytes);
    boolean first = !welcome.isDone();
    try (frame) {
      reader.read(frame);
      if (!first) {
        arrived(bytes);
      }
    } catch (WireException e) {
      broken(e);
      // gRPC cancels the stream, so that the server hears of it, too.
      throw e;
    }
  }

  /** The server has sent what no server sends: nothing more can be trusted. */
  void broken(WireException cause) {
    fail(
        new Failure(
            CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE,
            "The server broke the protocol: " + cause.getMessage()));
  }

  @Override
  public void onReady() {
    CallSender sending = sender();
    if (sending != null) {
      sending.signalRoom();
    }
  }

  /** A frame has come whole; the server is told now and then. */
  private void arrived(int bytes) {
    receivedBytes += bytes;
    unacknowledgedFrames++;
    if (receivedBytes - acknowledgedBytes >= ACKNOWLEDGED_BYTES
        || unacknowledgedFrames >= ACKNOWLEDGED_FRAMES) {
      acknowledgedBytes = receivedBytes;
      unacknowledgedFrames = 0;
      CallSender sending = sender();
      if (sending != null && isResumable()) {
        sending.acknowledge(receivedBytes);
      }
    }
  }

  private synchronized boolean isResumable() {
    return resumption != null;
  }

  @Override
  public void onClose(Status endStatus, Metadata trailers) {
    closed(this, endStatus, trailers);
  }

  /** A stream that the session had, or has, is over. */
  void closed(ClientCall.Listener<InboundFrame> which, Status endStatus, Metadata trailers) {
    if (which != stream) {
      return;
    }
    Resumption next;
    synchronized (this) {
      boolean goesOn = failure == null || (resumption != null && resumption.isEnding());
      next = goesOn ? resumption : null;
    }
    if (next != null && next.begin(endStatus, trailers)) {
      return;
    }
    status = endStatus;
    String description = endStatus.getDescription();
    welcome.completeExceptionally(endStatus.asRuntimeException());
    lost(
        new Failure(
            CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE,
            "The connection to the server is gone: "
                + (description == null ? endStatus.getCode().toString() : description)));
  }

  /** There is no stream and won't be one any more. */
  void lost(Failure why) {
    fail(why);
    closed.countDown();
  }

  private void welcomed(Welcome message) {
    if (!welcome.complete(message)) {
      throw new WireException("a second welcome");
    }
  }

  private void consumed(long sequence, long bytes) {
    CallSender sending = sender();
    if (sending != null) {
      sending.consumed(sequence, bytes);
    }
  }

  private synchronized @Nullable CallSender sender() {
    return sender;
  }
}
