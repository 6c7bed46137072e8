// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.remora.v1.ClientFrame;
import io.remora.v1.Hello;
import io.remora.wire.DriverMethods;
import io.remora.wire.InboundFrame;
import io.remora.wire.OutboundFrame;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A client that sends frames as given and waits for what comes back. */
final class TestClient implements AutoCloseable {
  private static final int WAIT_SECONDS = 20;

  final ManagedChannel channel;

  TestClient(RemoraServer server, @Nullable Path ca) throws Exception {
    NettyChannelBuilder builder = NettyChannelBuilder.forAddress("127.0.0.1", server.port());
    channel =
        ca == null
            ? builder.usePlaintext().build()
            : builder
                .sslContext(GrpcSslContexts.forClient().trustManager(ca.toFile()).build())
                .build();
  }

  Stream open(@Nullable String token) {
    return new Stream(channel, token);
  }

  /** Opens a stream and says Hello. */
  Stream hello(@Nullable String token) {
    Stream stream = open(token);
    stream.send(helloFrame(1));
    return stream;
  }

  static byte[] helloFrame(int version) {
    return ClientFrame.newBuilder()
        .setHello(Hello.newBuilder().setProtocolVersion(version))
        .build()
        .toByteArray();
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }

  static final class Stream extends ClientCall.Listener<InboundFrame> {
    final ClientCall<OutboundFrame, InboundFrame> call;
    final CompletableFuture<Status> status = new CompletableFuture<>();
    private final LinkedBlockingQueue<byte[]> frames = new LinkedBlockingQueue<>();

    Stream(ManagedChannel channel, @Nullable String token) {
      call = channel.newCall(DriverMethods.openForClient(), CallOptions.DEFAULT);
      Metadata headers = new Metadata();
      if (token != null) {
        headers.put(
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
      }
      call.start(this, headers);
      call.request(1000);
    }

    void send(byte[] frame) {
      call.sendMessage(OutboundFrame.of(frame, 0, frame.length));
    }

    byte[] receive() throws InterruptedException {
      byte[] frame = frames.poll(WAIT_SECONDS, TimeUnit.SECONDS);
      if (frame == null) {
        throw new AssertionError("no frame came; status " + status.getNow(Status.UNKNOWN));
      }
      return frame;
    }

    Status end() throws Exception {
      return status.get(WAIT_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void onMessage(InboundFrame frame) {
      try (frame) {
        byte[] bytes = new byte[frame.bytes()];
        var reader = frame.reader();
        for (int i = 0; i < bytes.length; i++) {
          bytes[i] = (byte) reader.readVarint64();
        }
        frames.add(bytes);
      }
    }

    @Override
    public void onClose(Status end, Metadata trailers) {
      status.complete(end);
    }
  }
}
