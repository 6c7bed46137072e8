// SPDX-License-Identifier: Apache-2.0
package io.remora.it.path;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.NettyChannelBuilder;
import io.remora.client.ConnectionSettings;
import io.remora.v1.ServerFrame;
import io.remora.wire.DriverMethods;
import io.remora.wire.InboundFrame;
import io.remora.wire.OutboundFrame;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A client without manners: it opens a stream with a valid token and sends any bytes. */
final class RawStream implements AutoCloseable {
  private static final int TIME_MAX_SECONDS = 30;

  private final ManagedChannel channel;
  private final ClientCall<OutboundFrame, InboundFrame> call;
  private final CountDownLatch welcome = new CountDownLatch(1);
  private final CompletableFuture<byte[]> first = new CompletableFuture<>();
  private final CompletableFuture<Status> end = new CompletableFuture<>();

  RawStream(ConnectionSettings settings) {
    this(settings, null);
  }

  /**
   * @param session the session to go on with; null for a new one
   */
  RawStream(ConnectionSettings settings, @Nullable String session) {
    channel =
        NettyChannelBuilder.forAddress(settings.host(), settings.port())
            .usePlaintext()
            .directExecutor()
            .build();
    call = channel.newCall(DriverMethods.openForClient(), CallOptions.DEFAULT);
    Metadata metadata = new Metadata();
    metadata.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + settings.token());
    if (session != null) {
      metadata.put(DriverMethods.SESSION, session);
    }
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onMessage(InboundFrame frame) {
            try (frame) {
              first.complete(frame.reader().readRest());
            }
            welcome.countDown();
            call.request(1);
          }

          @Override
          public void onClose(Status status, @Nullable Metadata trailers) {
            end.complete(status);
            first.completeExceptionally(status.asException());
            welcome.countDown();
          }
        },
        metadata);
    call.request(1);
  }

  void send(byte[] message) {
    call.sendMessage(OutboundFrame.of(message, 0, message.length));
  }

  /** The first message of the server. */
  ServerFrame awaitFirst() throws Exception {
    return ServerFrame.parseFrom(first.get(TIME_MAX_SECONDS, TimeUnit.SECONDS));
  }

  /** Waits for the first message of the server, or for the stream's end. */
  void awaitWelcome() throws InterruptedException {
    if (!welcome.await(TIME_MAX_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError("no welcome");
    }
  }

  /** How the server ended the stream. */
  Status awaitEnd() throws Exception {
    return end.get(TIME_MAX_SECONDS, TimeUnit.SECONDS);
  }

  /** Says that nothing more will be sent. */
  void halfClose() {
    call.halfClose();
  }

  @Override
  public void close() {
    call.cancel("the test is over", null);
    channel.shutdownNow();
  }
}
