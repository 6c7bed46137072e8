// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.remora.server.session.ProtocolException;
import io.remora.server.session.SessionOutput;
import io.remora.wire.DriverMethods;
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
 * One stream of a client: stands between gRPC and the session that it belongs to, which its first
 * frame decides. gRPC calls it on the connection's event loop; the session, its tenant's end and a
 * stopping server call it from any thread. The lock guards the state and makes the call's methods
 * exclusive, as gRPC wants; nothing else is called with it.
 */
final class ClientStream extends ServerCall.Listener<InboundFrame> implements SessionOutput {
  private static final Logger log = LoggerFactory.getLogger(ClientStream.class);

  private static final String TOO_LARGE =
      "a frame is larger than "
          + WireLimits.FRAME_BYTES_MAX
          + " bytes: send at most Welcome.chunk_bytes_max of payload at once";

  /** How much may wait in the transport while it still counts as ready: two big frames. */
  private static final int READY_BYTES = 2 << 20;

  private final ServerCall<InboundFrame, OutboundFrame> call;
  private final String peer;
  private final Object lock = new Object();

  /** Written on the event loop only. */
  private volatile @Nullable SessionStream session;

  private @Nullable Opener opener;
  private @Nullable Runnable whenWritable;
  private @Nullable Future<?> handshakeTimer;
  private boolean headersSent;
  private boolean closed;

  /** What the first frame is for. */
  @FunctionalInterface
  interface Opener {
    /**
     * Takes the first frame; closes it.
     *
     * @return whose stream this is from now on; null if it was ended instead
     */
    @Nullable SessionStream open(InboundFrame first, ClientStream stream);
  }

  ClientStream(ServerCall<InboundFrame, OutboundFrame> call, String peer) {
    this.call = call;
    this.peer = peer;
  }

  /** Starts to read. */
  void begin(Opener first) {
    opener = first;
    call.setOnReadyThreshold(READY_BYTES);
    call.request(1);
  }

  /** A session that knows of the stream before its first frame. */
  void belongsTo(SessionStream owner) {
    session = owner;
  }

  String peer() {
    return peer;
  }

  void setHandshakeTimer(Future<?> timer) {
    synchronized (lock) {
      handshakeTimer = timer;
    }
  }

  void handshakeExpired(Duration limit) {
    synchronized (lock) {
      if (handshakeTimer == null || closed) {
        return;
      }
    }
    log.warn("Closed a stream from {} that said no Hello", peer);
    end(
        Status.DEADLINE_EXCEEDED.withDescription(
            "no Hello came within " + limit.toMillis() + " ms: is the client a Remora client?"));
  }

  /** Ends the stream, and what it belongs to. */
  void end(Status status) {
    SessionStream owner = session;
    if (owner != null) {
      owner.leave(this, String.valueOf(status.getDescription()));
    }
    close(status);
  }

  @Override
  public void onMessage(InboundFrame frame) {
    try {
      if (frame.bytes() > WireLimits.FRAME_BYTES_MAX) {
        frame.close();
        throw new ProtocolException(ProtocolException.Reason.TOO_LARGE, TOO_LARGE);
      }
      Opener first = opener;
      SessionStream owner = session;
      if (first != null) {
        opener = null;
        stopHandshakeTimer();
        session = first.open(frame, this);
      } else if (owner != null) {
        owner.message(frame, this);
      } else {
        frame.close();
      }
    } catch (ProtocolException e) {
      log.info("Ending a stream from {}: {}", peer, e.message());
      end(Statuses.of(e));
    } catch (WireException e) {
      log.info("Ending a stream from {}: {}", peer, e.detail());
      end(Status.INVALID_ARGUMENT.withDescription("malformed frame: " + e.detail()));
    } catch (RuntimeException | Error e) {
      defect(e);
    }
  }

  @Override
  public void onHalfClose() {
    stopHandshakeTimer();
    SessionStream owner = session;
    if (owner != null) {
      owner.leave(this, "the client has closed its stream");
    }
    close(Status.OK);
  }

  @Override
  public void onCancel() {
    stopHandshakeTimer();
    SessionStream owner = session;
    if (owner != null) {
      owner.cut(this, "the client is gone");
    }
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
    log.info("Ending a stream from {}: {}", peer, cause.message());
    SessionStream owner = session;
    if (owner != null) {
      owner.ended(this, cause.message());
    }
    close(Statuses.of(cause));
  }

  @Override
  public void moved(String server) {
    log.info("The session of a stream from {} goes on at {}", peer, server);
    Metadata trailers = new Metadata();
    trailers.put(DriverMethods.MOVED, server);
    close(Status.UNAVAILABLE.withDescription("the session goes on at " + server), trailers);
  }

  /** Ends the stream only. */
  void close(Status status) {
    close(status, ended());
  }

  private void close(Status status, Metadata trailers) {
    synchronized (lock) {
      if (!closed && !call.isCancelled()) {
        closed = true;
        call.close(status, trailers);
      }
    }
  }

  /** Trailers that say that the server ends the stream on purpose. */
  static Metadata ended() {
    Metadata trailers = new Metadata();
    trailers.put(DriverMethods.ENDED, "1");
    return trailers;
  }

  private void stopHandshakeTimer() {
    synchronized (lock) {
      if (handshakeTimer != null) {
        handshakeTimer.cancel(false);
        handshakeTimer = null;
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
