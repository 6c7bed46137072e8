// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.Grpc;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.remora.server.config.ServerLimits;
import io.remora.server.session.SessionFactory;
import io.remora.server.tenant.Admission;
import io.remora.server.tenant.Admission.Admitted;
import io.remora.server.tenant.Refused;
import io.remora.server.tenant.TenantGrant;
import io.remora.server.tenant.TenantRegistry;
import io.remora.wire.InboundFrame;
import io.remora.wire.OutboundFrame;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides for each new stream whether it may become a session. Called on event loops; owned by
 * {@link RemoraServer}.
 */
final class SessionGate implements ServerCallHandler<InboundFrame, OutboundFrame> {
  private static final Logger log = LoggerFactory.getLogger(SessionGate.class);
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final String BEARER = "bearer ";

  private static final Status TOO_MANY_CONNECTIONS =
      Status.RESOURCE_EXHAUSTED.withDescription(
          "the server has too many connections: try again later, or ask its operator to raise"
              + " limits.connections");

  private static final Status DRAINED =
      Status.UNAVAILABLE.withDescription(
          "every device that this tenant may use is drained: try again later, or ask the server's"
              + " operator to undo it with `remora device drain --undo`");

  private final TenantRegistry tenants;
  private final SessionFactory sessions;
  private final ServerLimits limits;
  private final ScheduledExecutorService housekeeping;
  private final OpenStreams streams;
  private final Reception reception;
  private volatile boolean closed;

  SessionGate(
      TenantRegistry tenants,
      SessionFactory sessions,
      ServerLimits limits,
      ScheduledExecutorService housekeeping,
      OpenStreams streams,
      Reception reception) {
    this.tenants = tenants;
    this.sessions = sessions;
    this.limits = limits;
    this.housekeeping = housekeeping;
    this.streams = streams;
    this.reception = reception;
  }

  /** Lets nobody in from now on. */
  void close() {
    closed = true;
  }

  @Override
  public ServerCall.Listener<InboundFrame> startCall(
      ServerCall<InboundFrame, OutboundFrame> call, Metadata headers) {
    String peer = String.valueOf(call.getAttributes().get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR));
    if (closed) {
      return refuse(call, peer, SessionStream.STOPPING);
    }
    if (ConnectionLimit.isAbove(call.getAttributes())) {
      return refuse(call, peer, TOO_MANY_CONNECTIONS);
    }
    SessionStream stream = new SessionStream(call, sessions, peer, reception);
    Admission admission = tenants.admit(bearerToken(headers), stream::tenantEnded);
    if (admission instanceof Refused refused) {
      log.warn(
          "Refused a session from {}: {}{}",
          peer,
          refused.reason(),
          refused.tenant().isEmpty() ? "" : " (tenant " + refused.tenant() + ")");
      reception.roll().refused(peer, refused.tenant(), refused.reason().name(), refused.message());
      call.close(Statuses.of(refused), new Metadata());
      return new Ignored();
    }
    TenantGrant grant = ((Admitted) admission).grant();
    if (tenants.sessions() > limits.sessions()) {
      grant.close();
      return refuse(
          call,
          peer,
          Status.RESOURCE_EXHAUSTED.withDescription(
              "the server has "
                  + limits.sessions()
                  + " sessions and takes no more: try again later, or ask its operator to raise"
                  + " limits.sessions"));
    }
    if (reception.modes().any()) {
      Set<Integer> left = reception.modes().left(grant.allowedDevices());
      if (left.isEmpty()) {
        grant.close();
        return refuse(call, peer, DRAINED);
      }
      grant = grant.withDevices(left);
    }
    begin(stream, grant);
    return stream;
  }

  private void begin(SessionStream stream, TenantGrant grant) {
    streams.add(stream);
    stream.begin(grant, () -> streams.remove(stream));
    stream.setHandshakeTimer(
        housekeeping.schedule(
            () -> stream.handshakeExpired(limits.handshakeTime()),
            limits.handshakeTime().toMillis(),
            TimeUnit.MILLISECONDS));
    if (closed) {
      // The server began to stop meanwhile and may have looked at the streams before.
      stream.end(SessionStream.STOPPING);
    }
  }

  private ServerCall.Listener<InboundFrame> refuse(
      ServerCall<InboundFrame, OutboundFrame> call, String peer, Status status) {
    String why = String.valueOf(status.getDescription());
    log.warn("Refused a session from {}: {}", peer, why);
    reception.roll().refused(peer, "", status.getCode().name(), why);
    call.close(status, new Metadata());
    return new Ignored();
  }

  static @Nullable String bearerToken(Metadata headers) {
    String value = headers.get(AUTHORIZATION);
    boolean bearer = value != null && value.regionMatches(true, 0, BEARER, 0, BEARER.length());
    return value != null && bearer ? value.substring(BEARER.length()) : null;
  }

  /** For a stream that is closed already. */
  private static final class Ignored extends ServerCall.Listener<InboundFrame> {
    @Override
    public void onMessage(InboundFrame frame) {
      frame.close();
    }
  }
}
