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
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/**
 * The receiving half of a connection: all of it runs on the transport's thread, and nothing in it
 * blocks. It also decides when the connection is over, and tells everybody once.
 */
final class Receiver extends ClientCall.Listener<InboundFrame> {
  private final PendingAnswers answers;
  private final CallCounters counters;
  private final AnswerReader reader;
  private final CompletableFuture<Welcome> welcome = new CompletableFuture<>();
  private final CountDownLatch closed = new CountDownLatch(1);

  private @Nullable Failure failure;
  private @Nullable CallSender sender;
  private volatile @Nullable Status status;

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

  /** Names the sender that is to hear of credits and of the end. */
  void attach(CallSender newSender) {
    Failure early;
    synchronized (this) {
      sender = newSender;
      early = failure;
    }
    if (early != null) {
      newSender.fail(early);
    }
  }

  /** Ends the connection for all callers; the first cause counts. */
  void fail(Failure cause) {
    CallSender sending;
    synchronized (this) {
      if (failure != null) {
        return;
      }
      failure = cause;
      sending = sender;
    }
    if (sending != null) {
      sending.fail(cause);
    }
    answers.fail(cause);
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

  @Override
  public void onMessage(InboundFrame frame) {
    counters.received(frame.bytes());
    try (frame) {
      reader.read(frame);
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

  @Override
  public void onClose(Status endStatus, Metadata trailers) {
    status = endStatus;
    String description = endStatus.getDescription();
    fail(
        new Failure(
            CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE,
            "The connection to the server is gone: "
                + (description == null ? endStatus.getCode().toString() : description)));
    welcome.completeExceptionally(endStatus.asRuntimeException());
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
