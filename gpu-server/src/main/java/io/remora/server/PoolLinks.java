// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.netty.handler.ssl.SslContext;
import io.remora.server.pool.PoolToken;
import io.remora.v1.MemberRequest;
import io.remora.v1.MemberState;
import io.remora.v1.MembersGrpc;
import io.remora.v1.PoolGrpc;
import io.remora.v1.ReadPiece;
import io.remora.v1.ReadRequest;
import io.remora.v1.ReleaseReply;
import io.remora.v1.ReleaseRequest;
import io.remora.v1.ReserveReply;
import io.remora.v1.ReserveRequest;
import io.remora.v1.TakeAnswer;
import io.remora.v1.TakePart;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The connections of a member to the others. Any thread may call; nothing blocks. */
final class PoolLinks implements AutoCloseable {
  /** Names the caller as a member of the pool. */
  static final Metadata.Key<String> POOL_TOKEN =
      Metadata.Key.of("remora-pool-token", Metadata.ASCII_STRING_MARSHALLER);

  private static final long DEADLINE_MILLIS = 2000;
  private static final int MESSAGE_BYTES_MAX = 1 << 20;
  private static final int KEEP_ALIVE_SECONDS = 5;

  private final EventLoops loops;
  private final @Nullable SslContext tls;
  private final Supplier<@Nullable PoolToken> token;
  private final Map<String, ManagedChannel> channels = new HashMap<>();

  private PoolLinks(
      EventLoops loops, @Nullable SslContext tls, Supplier<@Nullable PoolToken> token) {
    this.loops = loops;
    this.tls = tls;
    this.token = token;
  }

  /**
   * How members are recognized, and how this one shows itself.
   *
   * @param ca PEM file of the authorities to trust; null: the system's
   * @param certificate what to show; null: nothing
   */
  record Trust(@Nullable Path ca, @Nullable Path certificate, @Nullable Path key) {}

  /**
   * Prepares connections.
   *
   * @param trust null: without TLS
   * @throws IOException if the certificates can't be used
   */
  static PoolLinks open(
      EventLoops loops, @Nullable Trust trust, Supplier<@Nullable PoolToken> token)
      throws IOException {
    return new PoolLinks(loops, trust == null ? null : tls(trust), token);
  }

  private static SslContext tls(Trust trust) throws IOException {
    var builder = GrpcSslContexts.forClient().protocols("TLSv1.3");
    Path ca = trust.ca();
    Path certificate = trust.certificate();
    Path key = trust.key();
    try {
      if (ca != null) {
        builder.trustManager(ca.toFile());
      }
      if (certificate != null && key != null) {
        builder.keyManager(certificate.toFile(), key.toFile());
      }
      return builder.build();
    } catch (IllegalArgumentException e) {
      throw new IOException("the pool's 'ca' " + ca + " can't be used: it must be PEM", e);
    }
  }

  /** Asks a member how it stands. */
  CompletionStage<MemberState> member(String server, String pool) {
    return ask(
        server, PoolGrpc.getMemberMethod(), MemberRequest.newBuilder().setPool(pool).build());
  }

  /** Asks a member for a promise. */
  CompletionStage<ReserveReply> reserve(String server, ReserveRequest request) {
    return ask(server, PoolGrpc.getReserveMethod(), request);
  }

  /** Gives a promise back. */
  CompletionStage<ReleaseReply> release(String server, String placement) {
    return ask(
        server,
        PoolGrpc.getReleaseMethod(),
        ReleaseRequest.newBuilder().setPlacement(placement).build());
  }

  /** Begins to give a session to a member. */
  ClientCallStreamObserver<TakePart> take(
      String server, ClientResponseObserver<TakePart, TakeAnswer> answers) {
    return (ClientCallStreamObserver<TakePart>)
        ClientCalls.asyncBidiStreamingCall(
            withToken(server).newCall(MembersGrpc.getTakeMethod(), CallOptions.DEFAULT), answers);
  }

  /** Begins to read device memory of a member's session. */
  void read(
      String server, ReadRequest request, ClientResponseObserver<ReadRequest, ReadPiece> pieces) {
    ClientCalls.asyncServerStreamingCall(
        withToken(server).newCall(MembersGrpc.getReadMethod(), CallOptions.DEFAULT),
        request,
        pieces);
  }

  private Channel withToken(String server) {
    Metadata headers = new Metadata();
    PoolToken shown = token.get();
    if (shown != null) {
      headers.put(POOL_TOKEN, shown.text());
    }
    return ClientInterceptors.intercept(
        channel(server), MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private <Q, S> CompletionStage<S> ask(String server, MethodDescriptor<Q, S> method, Q request) {
    Answer<S> answer = new Answer<>();
    ClientCalls.asyncUnaryCall(
        withToken(server)
            .newCall(
                method,
                CallOptions.DEFAULT.withDeadlineAfter(DEADLINE_MILLIS, TimeUnit.MILLISECONDS)),
        request,
        answer);
    return answer.future;
  }

  private synchronized ManagedChannel channel(String server) {
    return channels.computeIfAbsent(
        server,
        address -> {
          // Not forTarget: an address isn't a URI.
          int colon = address.lastIndexOf(':');
          String host = address.substring(0, colon).replace("[", "").replace("]", "");
          int port = Integer.parseInt(address.substring(colon + 1));
          NettyChannelBuilder builder =
              NettyChannelBuilder.forAddress(host, port)
                  .directExecutor()
                  .eventLoopGroup(loops.workers())
                  .channelFactory(loops.connections())
                  .maxInboundMessageSize(MESSAGE_BYTES_MAX)
                  .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                  .disableRetry();
          return tls == null ? builder.usePlaintext().build() : builder.sslContext(tls).build();
        });
  }

  /** Ends connections to servers that aren't among these. */
  synchronized void retain(Set<String> servers) {
    channels
        .entrySet()
        .removeIf(
            each -> {
              boolean gone = !servers.contains(each.getKey());
              if (gone) {
                each.getValue().shutdown();
              }
              return gone;
            });
  }

  @Override
  public synchronized void close() {
    channels.values().forEach(ManagedChannel::shutdownNow);
    channels.clear();
  }

  /** One answer as a future. */
  private static final class Answer<S> implements StreamObserver<S> {
    private final CompletableFuture<S> future = new CompletableFuture<>();

    @Override
    public void onNext(S answer) {
      future.complete(answer);
    }

    @Override
    public void onError(Throwable failure) {
      future.completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {
      // Only after an answer.
      future.completeExceptionally(new IllegalStateException("no answer came"));
    }
  }
}
