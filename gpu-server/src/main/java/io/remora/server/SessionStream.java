// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.remora.server.session.MoveListener;
import io.remora.server.session.ProtocolException;
import io.remora.server.session.Session;
import io.remora.server.session.SessionFactory;
import io.remora.server.session.SessionOutput;
import io.remora.server.tenant.TenantGrant;
import io.remora.server.watch.LiveSession;
import io.remora.v1.Hello;
import io.remora.wire.InboundFrame;
import io.remora.wire.OutboundFrame;
import io.remora.wire.WireException;
import io.remora.wire.WireLimits;
import java.time.Duration;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One admitted stream: takes the client's Hello, then stands between gRPC and the session. gRPC
 * calls it on the connection's event loop; the session, its tenant's end and a stopping server call
 * it from any thread. The lock guards the state and makes the call's methods exclusive, as gRPC
 * wants; sessions are never called with it.
 */
final class SessionStream extends ServerCall.Listener<InboundFrame> implements SessionOutput {
  static final Status STOPPING =
      Status.UNAVAILABLE.withDescription(
          "the server is stopping: connect again when it is back, or to another one");

  private static final Logger log = LoggerFactory.getLogger(SessionStream.class);

  private static final String TOO_LARGE =
      "a frame is larger than "
          + WireLimits.FRAME_BYTES_MAX
          + " bytes: send at most Welcome.chunk_bytes_max of payload at once";

  /** How much may wait in the transport while it still counts as ready: two big frames. */
  private static final int READY_BYTES = 2 << 20;

  private enum State {
    /** No Hello yet; the grant belongs to the stream. */
    WAITING,
    /** The session is being made, on the event loop. */
    OPENING,
    /** The grant belongs to the session. */
    OPEN
  }

  private final ServerCall<InboundFrame, OutboundFrame> call;
  private final SessionFactory sessions;
  private final String peer;
  private final Reception reception;
  private final Object lock = new Object();
  private State state = State.WAITING;
  private @Nullable TenantGrant grant;
  private @Nullable Session session;
  private @Nullable Runnable whenWritable;
  private @Nullable Future<?> handshakeTimer;
  private @Nullable String endReason;
  private @Nullable LiveSession live;
  private boolean freed;
  private boolean headersSent;
  private boolean closed;

  SessionStream(
      ServerCall<InboundFrame, OutboundFrame> call,
      SessionFactory sessions,
      String peer,
      Reception reception) {
    this.call = call;
    this.sessions = sessions;
    this.peer = peer;
    this.reception = reception;
  }

  /**
   * Starts to read.
   *
   * @param admitted what the client may use
   * @param onFreed run once when the grant is given back
   */
  void begin(TenantGrant admitted, Runnable onFreed) {
    TenantGrant own =
        admitted.withSlot(
            () -> {
              admitted.close();
              freed();
              onFreed.run();
            });
    boolean endedAlready;
    synchronized (lock) {
      grant = own;
      endedAlready = endReason != null;
    }
    if (endedAlready) {
      // Its tenant was revoked between its admission and now.
      own.close();
      return;
    }
    call.setOnReadyThreshold(READY_BYTES);
    call.request(1);
  }

  /** The session as it is written down; null before it is open. */
  @Nullable LiveSession live() {
    synchronized (lock) {
      return live;
    }
  }

  private void freed() {
    LiveSession gone;
    String reason;
    synchronized (lock) {
      freed = true;
      gone = live;
      reason = endReason;
    }
    if (gone != null) {
      reception.roll().closed(gone, reason == null ? "" : reason);
    }
  }

  private void writeDown(Session opened, String tenant, Hello hello) {
    LiveSession made = reception.opened(opened, tenant, peer, hello);
    boolean gone;
    synchronized (lock) {
      live = made;
      gone = freed;
    }
    if (gone) {
      // Its devices could not be opened, and that was quicker.
      freed();
    }
  }

  void setHandshakeTimer(Future<?> timer) {
    synchronized (lock) {
      handshakeTimer = timer;
    }
  }

  void handshakeExpired(Duration limit) {
    synchronized (lock) {
      if (state != State.WAITING) {
        return;
      }
    }
    log.warn("Closed a stream from {} that said no Hello", peer);
    end(
        Status.DEADLINE_EXCEEDED.withDescription(
            "no Hello came within " + limit.toMillis() + " ms: is the client a Remora client?"));
  }

  /** The tenant was removed, revoked or has expired. */
  void tenantEnded(String reason) {
    log.info("Ending a session from {}: {}", peer, reason);
    end(Status.UNAUTHENTICATED.withDescription(reason));
  }

  /** See {@link Session#move}. */
  void move(int from, int to, long withinNanos, MoveListener listener) {
    Session open;
    synchronized (lock) {
      open = state == State.OPEN && endReason == null ? session : null;
    }
    if (open == null) {
      listener.refused("the session is not open");
    } else {
      open.move(from, to, withinNanos, listener);
    }
  }

  /** Ends the session and the stream. */
  void end(Status status) {
    leave(String.valueOf(status.getDescription()));
    closeCall(status);
  }

  @Override
  public void onMessage(InboundFrame frame) {
    Session open = session;
    try {
      if (frame.bytes() > WireLimits.FRAME_BYTES_MAX) {
        frame.close();
        throw new ProtocolException(ProtocolException.Reason.TOO_LARGE, TOO_LARGE);
      }
      if (open != null) {
        open.onFrame(frame);
      } else {
        open(frame);
      }
    } catch (ProtocolException e) {
      log.info("Ending a session from {}: {}", peer, e.message());
      end(Statuses.of(e));
    } catch (WireException e) {
      log.info("Ending a session from {}: {}", peer, e.detail());
      end(Status.INVALID_ARGUMENT.withDescription("malformed frame: " + e.detail()));
    } catch (RuntimeException | Error e) {
      defect(e);
    }
  }

  @Override
  public void onHalfClose() {
    leave("the client has closed its stream");
    closeCall(Status.OK);
  }

  @Override
  public void onCancel() {
    leave("the client is gone");
  }

  @Override
  public void onReady() {
    Runnable listener;
    synchronized (lock) {
      listener = whenWritable;
    }
    if (listener != null) {
      try {
        listener.run();
      } catch (RuntimeException | Error e) {
        defect(e);
      }
    }
  }

  @Override
  public void send(OutboundFrame frame) {
    synchronized (lock) {
      if (closed || call.isCancelled()) {
        return;
      }
      if (!headersSent) {
        headersSent = true;
        call.sendHeaders(new Metadata());
      }
      call.sendMessage(frame);
    }
  }

  @Override
  public boolean isReady() {
    return call.isReady();
  }

  @Override
  public void onReady(Runnable listener) {
    synchronized (lock) {
      whenWritable = listener;
    }
  }

  @Override
  public void requestFrame() {
    call.request(1);
  }

  @Override
  public void end(ProtocolException cause) {
    log.info("Ending a session from {}: {}", peer, cause.message());
    synchronized (lock) {
      endReason = cause.message();
    }
    closeCall(Statuses.of(cause));
  }

  private void open(InboundFrame frame) {
    TenantGrant own;
    synchronized (lock) {
      if (state != State.WAITING || endReason != null || grant == null) {
        frame.close();
        return;
      }
      state = State.OPENING;
      own = grant;
      if (handshakeTimer != null) {
        handshakeTimer.cancel(false);
      }
    }
    Session opened;
    Hello hello;
    try (frame) {
      hello = FirstFrame.hello(frame);
      opened = sessions.open(own, hello, this);
    } catch (RuntimeException | Error e) {
      own.close();
      throw e;
    }
    writeDown(opened, own.tenant(), hello);
    String ended;
    synchronized (lock) {
      session = opened;
      state = State.OPEN;
      ended = endReason;
    }
    log.info("session {} of tenant {} comes from {}", opened.id(), own.tenant(), peer);
    if (ended != null) {
      opened.onEnd(ended);
    }
  }

  /** Gives back what the client holds, once. */
  private void leave(String reason) {
    Session open;
    TenantGrant unused;
    synchronized (lock) {
      if (endReason != null) {
        return;
      }
      endReason = reason;
      open = session;
      unused = state == State.WAITING ? grant : null;
      if (handshakeTimer != null) {
        handshakeTimer.cancel(false);
      }
    }
    if (open != null) {
      open.onEnd(reason);
    } else if (unused != null) {
      unused.close();
    }
  }

  private void closeCall(Status status) {
    synchronized (lock) {
      if (!closed) {
        closed = true;
        call.close(status, new Metadata());
      }
    }
  }

  private void defect(Throwable e) {
    log.error("A defect ends the session from {}", peer, e);
    end(
        Status.INTERNAL.withDescription(
            "a defect in the server ended this session: its log says more; please report it"));
  }
}
