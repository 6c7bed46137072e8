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
import io.remora.server.tenant.Identification;
import io.remora.server.tenant.Identification.Known;
import io.remora.server.tenant.Refused;
import io.remora.server.tenant.TenantGrant;
import io.remora.server.tenant.TenantRegistry;
import io.remora.v1.Resume;
import io.remora.wire.DriverMethods;
import io.remora.wire.InboundFrame;
import io.remora.wire.OutboundFrame;
import java.util.Optional;
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

  /** What a client was given for the place that it asked the pool for. */
  private static final Metadata.Key<String> PLACEMENT =
      Metadata.Key.of("remora-placement", Metadata.ASCII_STRING_MARSHALLER);

  private static final Status SERVER_DRAINED =
      Status.UNAVAILABLE.withDescription(
          "this server is drained: name another one, or the pool (several servers in"
              + " REMORA_SERVER), which has others; its operator undoes it with `remora server drain"
              + " --undo`");

  private static final Status TOO_MANY_CONNECTIONS =
      Status.RESOURCE_EXHAUSTED.withDescription(
          "the server has too many connections: try again later, or ask its operator to raise"
              + " limits.connections");

  private static final Status DRAINED =
      Status.UNAVAILABLE.withDescription(
          "every device that this tenant may use is drained or in trouble: try again later, or ask"
              + " the server's operator, who sees which with `remora top` and undoes a drain with"
              + " `remora device drain --undo`");

  private static final String NOT_RESUMABLE =
      "the session isn't there any more: its grace time is over, it was ended, or the server was"
          + " restarted";

  private static final int ID_CHARS_MAX = 40;

  private final TenantRegistry tenants;
  private final SessionFactory sessions;
  private final ServerLimits limits;
  private final ScheduledExecutorService housekeeping;
  private final OpenStreams streams;
  private final Reception reception;
  private final MovedSessions moved;
  private volatile @Nullable PoolDesk desk;
  private volatile boolean closed;

  SessionGate(
      TenantRegistry tenants,
      SessionFactory sessions,
      ServerLimits limits,
      ScheduledExecutorService housekeeping,
      OpenStreams streams,
      MovedSessions moved,
      Reception reception) {
    this.moved = moved;
    this.tenants = tenants;
    this.sessions = sessions;
    this.limits = limits;
    this.housekeeping = housekeeping;
    this.streams = streams;
    this.reception = reception;
  }

  /** Lets sessions in by the pool's rules, too, from now on. */
  void belongsTo(PoolDesk given) {
    desk = given;
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
    String resumed = headers.get(DriverMethods.SESSION);
    if (resumed != null) {
      return resume(new ClientStream(call, peer), resumed, bearerToken(headers), call);
    }
    if (reception.modes().isServerDrained()) {
      return refuse(call, peer, SERVER_DRAINED);
    }
    ClientStream client = new ClientStream(call, peer);
    SessionStream stream = new SessionStream(client, sessions, reception);
    Admission admission = tenants.admit(bearerToken(headers), stream::tenantEnded);
    if (admission instanceof Refused refused) {
      return refuse(call, peer, refused);
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
    PoolDesk pool = desk;
    if (pool == null) {
      begin(client, stream, grant);
    } else {
      pool.enter(
          stream,
          headers.get(PLACEMENT),
          grant,
          let -> begin(client, stream, let),
          status -> turnAway(stream, peer, status));
    }
    return client;
  }

  private void turnAway(SessionStream stream, String peer, Status status) {
    String why = String.valueOf(status.getDescription());
    log.warn("Refused a session from {}: {}", peer, why);
    reception.roll().refused(peer, "", status.getCode().name(), why);
    stream.end(status);
  }

  /** A session that is there takes no slot again, and no device is chosen for it. */
  private ServerCall.Listener<InboundFrame> resume(
      ClientStream client,
      String session,
      @Nullable String token,
      ServerCall<InboundFrame, OutboundFrame> call) {
    Identification identity = tenants.identify(token);
    if (identity instanceof Refused refused) {
      return refuse(call, client.peer(), refused);
    }
    Known known = (Known) identity;
    startHandshakeTimer(client);
    client.begin(
        (frame, stream) -> resumed(frame, stream, session, known.tenant().name(), known.tokenId()));
    return client;
  }

  private @Nullable SessionStream resumed(
      InboundFrame frame, ClientStream stream, String session, String tenant, String token) {
    Resume resume;
    try (frame) {
      resume = FirstFrame.resume(frame, session);
    }
    SessionStream found = streams.find(session);
    if (found == null || !found.resume(stream, tenant, token, resume)) {
      Optional<String> elsewhere = moved.find(session, tenant, resume.getSecret());
      if (elsewhere.isPresent()) {
        stream.moved(elsewhere.get());
        return null;
      }
      log.warn("Refused to resume session {} from {}", printable(session), stream.peer());
      reception.roll().refused(stream.peer(), tenant, "NOT_RESUMABLE", NOT_RESUMABLE);
      stream.close(Status.NOT_FOUND.withDescription(NOT_RESUMABLE));
      return null;
    }
    return found;
  }

  /** What a client says goes to the log without line ends and control codes. */
  private static String printable(String text) {
    String start = text.length() > ID_CHARS_MAX ? text.substring(0, ID_CHARS_MAX) : text;
    return start.replaceAll("[^\\x20-\\x7e]", "?");
  }

  private void startHandshakeTimer(ClientStream client) {
    client.setHandshakeTimer(
        housekeeping.schedule(
            () -> client.handshakeExpired(limits.handshakeTime()),
            limits.handshakeTime().toMillis(),
            TimeUnit.MILLISECONDS));
  }

  private void begin(ClientStream client, SessionStream stream, TenantGrant grant) {
    streams.add(stream);
    startHandshakeTimer(client);
    stream.begin(grant, () -> streams.remove(stream));
    if (closed) {
      // The server began to stop meanwhile and may have looked at the streams before.
      stream.end(SessionStream.STOPPING);
    }
  }

  private ServerCall.Listener<InboundFrame> refuse(
      ServerCall<InboundFrame, OutboundFrame> call, String peer, Refused refused) {
    log.warn(
        "Refused a session from {}: {}{}",
        peer,
        refused.reason(),
        refused.tenant().isEmpty() ? "" : " (tenant " + refused.tenant() + ")");
    reception.roll().refused(peer, refused.tenant(), refused.reason().name(), refused.message());
    call.close(Statuses.of(refused), ClientStream.ended());
    return new Ignored();
  }

  private ServerCall.Listener<InboundFrame> refuse(
      ServerCall<InboundFrame, OutboundFrame> call, String peer, Status status) {
    String why = String.valueOf(status.getDescription());
    log.warn("Refused a session from {}: {}", peer, why);
    reception.roll().refused(peer, "", status.getCode().name(), why);
    call.close(status, ClientStream.ended());
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
