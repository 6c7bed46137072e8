// SPDX-License-Identifier: Apache-2.0
package io.remora.server.pool.etcd;

import com.google.protobuf.ByteString;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import io.netty.handler.ssl.SslContext;
import io.remora.etcd.DeleteRangeRequest;
import io.remora.etcd.DeleteRangeResponse;
import io.remora.etcd.KVGrpc;
import io.remora.etcd.LeaseGrantRequest;
import io.remora.etcd.LeaseGrantResponse;
import io.remora.etcd.LeaseGrpc;
import io.remora.etcd.LeaseKeepAliveRequest;
import io.remora.etcd.LeaseKeepAliveResponse;
import io.remora.etcd.LeaseRevokeRequest;
import io.remora.etcd.LeaseRevokeResponse;
import io.remora.etcd.PutRequest;
import io.remora.etcd.PutResponse;
import io.remora.etcd.RangeRequest;
import io.remora.etcd.RangeResponse;
import io.remora.etcd.TxnRequest;
import io.remora.etcd.TxnResponse;
import io.remora.etcd.WatchCreateRequest;
import io.remora.etcd.WatchGrpc;
import io.remora.etcd.WatchRequest;
import io.remora.etcd.WatchResponse;
import io.remora.server.pool.EtcdSettings;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Speaks with one of an etcd's endpoints at a time. Calls may come from one thread; answers come on
 * any, and nothing blocks.
 */
final class EtcdClient implements AutoCloseable {
  private static final long DEADLINE_MILLIS = 2000;
  private static final int KEEP_ALIVE_SECONDS = 10;
  private static final int KEEP_ALIVE_TIMEOUT_SECONDS = 3;

  private final EtcdSettings settings;
  private final @Nullable SslContext tls;
  private int endpoint;
  private volatile ManagedChannel channel;
  private boolean closed;

  /**
   * @throws IOException if the certificates can't be used
   */
  EtcdClient(EtcdSettings settings) throws IOException {
    this.settings = settings;
    tls = settings.encrypted() ? tls(settings) : null;
    channel = connect();
  }

  private static SslContext tls(EtcdSettings settings) throws IOException {
    var builder = GrpcSslContexts.forClient();
    Path ca = settings.ca();
    Path certificate = settings.certificate();
    Path key = settings.key();
    try {
      if (ca != null) {
        builder.trustManager(ca.toFile());
      }
      if (certificate != null && key != null) {
        builder.keyManager(certificate.toFile(), key.toFile());
      }
      return builder.build();
    } catch (IllegalArgumentException e) {
      throw new IOException("the certificates for etcd can't be used: they must be PEM", e);
    }
  }

  private ManagedChannel connect() {
    URI uri = settings.endpoints().get(endpoint);
    NettyChannelBuilder builder =
        NettyChannelBuilder.forAddress(uri.getHost(), uri.getPort())
            .directExecutor()
            .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
            .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
            .disableRetry();
    return tls == null ? builder.usePlaintext().build() : builder.sslContext(tls).build();
  }

  /** Connects anew, to the next endpoint; what was under way fails. */
  synchronized void reconnect() {
    channel.shutdownNow();
    if (closed) {
      return;
    }
    endpoint = (endpoint + 1) % settings.endpoints().size();
    channel = connect();
  }

  /** Where it is connected. */
  URI endpoint() {
    return settings.endpoints().get(endpoint);
  }

  CompletableFuture<RangeResponse> range(ByteString prefix) {
    return ask(
        KVGrpc.getRangeMethod(),
        RangeRequest.newBuilder().setKey(prefix).setRangeEnd(EtcdKeys.endOf(prefix)).build());
  }

  CompletableFuture<PutResponse> put(ByteString key, ByteString value, long lease) {
    return ask(
        KVGrpc.getPutMethod(),
        PutRequest.newBuilder().setKey(key).setValue(value).setLease(lease).build());
  }

  CompletableFuture<DeleteRangeResponse> delete(ByteString key) {
    return ask(KVGrpc.getDeleteRangeMethod(), DeleteRangeRequest.newBuilder().setKey(key).build());
  }

  CompletableFuture<TxnResponse> transact(TxnRequest request) {
    return ask(KVGrpc.getTxnMethod(), request);
  }

  CompletableFuture<LeaseGrantResponse> grant(long seconds) {
    return ask(
        LeaseGrpc.getLeaseGrantMethod(), LeaseGrantRequest.newBuilder().setTTL(seconds).build());
  }

  CompletableFuture<LeaseRevokeResponse> revoke(long lease) {
    return ask(
        LeaseGrpc.getLeaseRevokeMethod(), LeaseRevokeRequest.newBuilder().setID(lease).build());
  }

  /** Keeps leases alive: one answer for each request. */
  StreamObserver<LeaseKeepAliveRequest> keepAlive(StreamObserver<LeaseKeepAliveResponse> answers) {
    return LeaseGrpc.newStub(channel).leaseKeepAlive(answers);
  }

  /** Watches keys that begin with a prefix, from a revision on. */
  StreamObserver<WatchRequest> watch(
      ByteString prefix, long revision, StreamObserver<WatchResponse> events) {
    StreamObserver<WatchRequest> requests = WatchGrpc.newStub(channel).watch(events);
    requests.onNext(
        WatchRequest.newBuilder()
            .setCreateRequest(
                WatchCreateRequest.newBuilder()
                    .setKey(prefix)
                    .setRangeEnd(EtcdKeys.endOf(prefix))
                    .setStartRevision(revision))
            .build());
    return requests;
  }

  private <Q, S> CompletableFuture<S> ask(MethodDescriptor<Q, S> method, Q request) {
    CompletableFuture<S> answer = new CompletableFuture<>();
    ClientCalls.asyncUnaryCall(
        channel.newCall(
            method, CallOptions.DEFAULT.withDeadlineAfter(DEADLINE_MILLIS, TimeUnit.MILLISECONDS)),
        request,
        new StreamObserver<>() {
          @Override
          public void onNext(S value) {
            answer.complete(value);
          }

          @Override
          public void onError(Throwable failure) {
            answer.completeExceptionally(failure);
          }

          @Override
          public void onCompleted() {
            answer.completeExceptionally(new IllegalStateException("no answer came"));
          }
        });
    return answer;
  }

  @Override
  public synchronized void close() {
    closed = true;
    channel.shutdownNow();
  }
}
