// SPDX-License-Identifier: Apache-2.0
package io.remora.it.pool;

import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.remora.v1.PoolGrpc;
import io.remora.v1.ReserveRequest;
import java.io.File;
import java.util.Map;
import java.util.Objects;

/** Questions of members that somebody else asks. */
final class PoolQuestions {
  private PoolQuestions() {}

  /** Asks for a promise with a tenant's token and a wrong one of the pool; gives the status. */
  static String reserveWithout(String server, Map<String, String> environment) throws Exception {
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
    headers.put(
        Metadata.Key.of("remora-pool-token", Metadata.ASCII_STRING_MARSHALLER),
        "ffffffffffffffffffffffffffffffff");
    try {
      var unused =
          PoolGrpc.newBlockingStub(channel)
              .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
              .reserve(ReserveRequest.newBuilder().setPool("rack").setTenant("alice").build());
      return "OK";
    } catch (StatusRuntimeException e) {
      return e.getStatus().getCode().name();
    } finally {
      channel.shutdownNow();
    }
  }
}
