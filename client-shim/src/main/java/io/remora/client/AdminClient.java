// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.remora.client.ConnectionException.Reason;
import io.remora.v1.AdminGrpc;
import io.remora.v1.DrainDeviceReply;
import io.remora.v1.DrainDeviceRequest;
import io.remora.v1.DrainServerReply;
import io.remora.v1.DrainServerRequest;
import io.remora.v1.EndSessionsReply;
import io.remora.v1.EndSessionsRequest;
import io.remora.v1.HistoryReply;
import io.remora.v1.HistoryRequest;
import io.remora.v1.MembersReply;
import io.remora.v1.MembersRequest;
import io.remora.v1.MoveSessionReply;
import io.remora.v1.MoveSessionRequest;
import io.remora.v1.PoolGrpc;
import io.remora.v1.ServerState;
import io.remora.v1.StateRequest;
import io.remora.v1.StatisticsReply;
import io.remora.v1.StatisticsRequest;
import io.remora.v1.TraceReply;
import io.remora.v1.TraceRequest;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Asks a server about itself, and tells it what to do, as far as the token allows. It has a
 * connection of its own and opens no session. Any thread may call.
 */
public final class AdminClient implements AutoCloseable {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /** For a recording to come over a slow network. */
  private static final Duration TRANSFER_TIME = Duration.ofMinutes(5);

  private final ConnectionSettings settings;
  private final Transport transport;
  private final AdminGrpc.AdminBlockingStub stub;
  private final PoolGrpc.PoolBlockingStub pool;

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
    pool =
        PoolGrpc.newBlockingStub(transport.channel())
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
    return ask(() -> timed(Duration.ZERO).statistics(StatisticsRequest.getDefaultInstance()));
  }

  /**
   * Devices, tenants and sessions as they are now.
   *
   * @throws ConnectionException that names the server, what went wrong and what to do
   */
  public ServerState state() throws ConnectionException {
    return ask(() -> timed(Duration.ZERO).state(StateRequest.getDefaultInstance()));
  }

  /**
   * Who used the devices in the last minutes.
   *
   * @throws ConnectionException that names the server, what went wrong and what to do
   */
  public HistoryReply history(long sinceUnixMillis) throws ConnectionException {
    HistoryRequest request =
        HistoryRequest.newBuilder().setSinceUnixMillis(sinceUnixMillis).build();
    return ask(() -> timed(Duration.ZERO).history(request));
  }

  /**
   * Ends sessions.
   *
   * @throws ConnectionException if the server refuses, with its reason
   */
  public EndSessionsReply endSessions(EndSessionsRequest request) throws ConnectionException {
    return ask(() -> timed(Duration.ZERO).endSessions(request));
  }

  /**
   * Takes a device from new sessions, or undoes that.
   *
   * @throws ConnectionException if the server refuses, with its reason
   */
  public DrainDeviceReply drainDevice(DrainDeviceRequest request) throws ConnectionException {
    Duration longer = request.getMoveSessions() ? TRANSFER_TIME : Duration.ZERO;
    return ask(() -> timed(longer).drainDevice(request));
  }

  /**
   * Moves a session to another device.
   *
   * @throws ConnectionException if the server refuses, with its reason
   */
  public MoveSessionReply moveSession(MoveSessionRequest request) throws ConnectionException {
    return ask(
        () ->
            timed(Duration.ofMillis(request.getMillis()).plus(TRANSFER_TIME)).moveSession(request));
  }

  /**
   * Lets no new session in, or undoes that.
   *
   * @throws ConnectionException if the server refuses, with its reason
   */
  public DrainServerReply drainServer(DrainServerRequest request) throws ConnectionException {
    return ask(() -> timed(Duration.ZERO).drainServer(request));
  }

  /**
   * How all members of the server's pool stand, as the server knows it.
   *
   * @throws ConnectionException that names the server, what went wrong and what to do
   */
  public MembersReply members() throws ConnectionException {
    return ask(
        () ->
            pool.withDeadlineAfter(settings.handshakeTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .members(MembersRequest.getDefaultInstance()));
  }

  /**
   * Records what a tenant's sessions do. Returns when the recording is over.
   *
   * @param to takes the parts of the recording as they come
   * @throws ConnectionException if the server refuses, with its reason
   */
  public void trace(TraceRequest request, Consumer<TraceReply> to) throws ConnectionException {
    ask(
        () -> {
          timed(Duration.ofMillis(request.getMillis()).plus(TRANSFER_TIME))
              .trace(request)
              .forEachRemaining(to);
          return true;
        });
  }

  private AdminGrpc.AdminBlockingStub timed(Duration longer) {
    return stub.withDeadlineAfter(
        settings.handshakeTimeout().plus(longer).toMillis(), TimeUnit.MILLISECONDS);
  }

  private <T> T ask(Supplier<T> question) throws ConnectionException {
    try {
      return question.get();
    } catch (StatusRuntimeException e) {
      String said = e.getStatus().getDescription();
      switch (e.getStatus().getCode()) {
        case PERMISSION_DENIED,
            NOT_FOUND,
            INVALID_ARGUMENT,
            RESOURCE_EXHAUSTED,
            FAILED_PRECONDITION ->
            throw new ConnectionException(
                Reason.REFUSED, "The server " + settings.server() + " refused: " + said, e);
        case UNIMPLEMENTED ->
            throw new ConnectionException(
                Reason.VERSION,
                "The server " + settings.server() + " doesn't know this question: is it older?",
                e);
        default -> throw Handshake.explain(settings, e.getStatus());
      }
    }
  }

  /** Ends the connection. */
  @Override
  public void close() {
    transport.close();
  }
}
