// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.remora.v1.AdminGrpc;
import io.remora.v1.StatisticsReply;
import io.remora.v1.StatisticsRequest;
import java.util.concurrent.TimeUnit;

/**
 * Asks a server about what the token's tenant has used. It has a connection of its own and opens no
 * session. Any thread may call.
 */
public final class AdminClient implements AutoCloseable {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final ConnectionSettings settings;
  private final Transport transport;
  private final AdminGrpc.AdminBlockingStub stub;

  private AdminClient(ConnectionSettings settings, Transport transport) {
    this.settings = settings;
    this.transport = transport;
    Metadata headers = new Metadata();
    String token = settings.token();
    if (token != null) {
      headers.put(AUTHORIZATION, "Bearer " + token);
    }
    stub =
        AdminGrpc.newBlockingStub(transport.channel())
            .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  /**
   * Prepares a connection; the first question connects.
   *
   * @throws ConnectionException if the settings name files that can't be used
   */
  public static AdminClient open(ConnectionSettings settings) throws ConnectionException {
    return new AdminClient(settings, Transport.open(settings, NanoClock.system()));
  }

  /**
   * What the tenant has used since the server started.
   *
   * @throws ConnectionException that names the server, what went wrong and what to do
   */
  public StatisticsReply statistics() throws ConnectionException {
    try {
      return stub.withDeadlineAfter(settings.handshakeTimeout().toMillis(), TimeUnit.MILLISECONDS)
          .statistics(StatisticsRequest.getDefaultInstance());
    } catch (StatusRuntimeException e) {
      throw Handshake.explain(settings, e.getStatus());
    }
  }

  /** Ends the connection. */
  @Override
  public void close() {
    transport.close();
  }
}
