// SPDX-License-Identifier: Apache-2.0
package io.remora.it.pool;

import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.remora.v1.PoolGrpc;
import io.remora.v1.ReserveRequest;
import java.io.File;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/** Questions of members that somebody else asks. */
public final class PoolQuestions {
  private PoolQuestions() {}

  /**
   * Asks a member.
   *
   * @param server HOST:PORT
   * @param environment a client's, with its tenant's token and the certificate to trust
   * @param poolToken what is said to be the pool's
   */
  public static <T> T ask(
      String server, Map<String, String> environment, String poolToken, Function<Channel, T> what)
      throws IOException {
    ManagedChannel channel =
        NettyChannelBuilder.forTarget(server)
            .sslContext(
                GrpcSslContexts.forClient()
                    .trustManager(new File(Objects.requireNonNull(environment.get("REMORA_CA"))))
                    .build())
            .build();
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + environment.get("REMORA_TOKEN"));
    headers.put(Metadata.Key.of("remora-pool-token", Metadata.ASCII_STRING_MARSHALLER), poolToken);
    try {
      return what.apply(
          ClientInterceptors.intercept(
              channel, MetadataUtils.newAttachHeadersInterceptor(headers)));
    } finally {
      channel.shutdownNow();
    }
  }

  /** Asks for a promise with a tenant's token and a wrong one of the pool; gives the status. */
  static String reserveWithout(String server, Map<String, String> environment) throws IOException {
    try {
      var unused =
          ask(
              server,
              environment,
              "f".repeat(32),
              channel ->
                  PoolGrpc.newBlockingStub(channel)
                      .reserve(
                          ReserveRequest.newBuilder().setPool("rack").setTenant("alice").build()));
      return "OK";
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode().name();
    }
  }
}
