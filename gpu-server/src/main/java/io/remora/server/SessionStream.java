// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.grpc.Status;
import io.remora.server.session.Carrier;
import io.remora.server.session.MoveListener;
import io.remora.server.session.Session;
import io.remora.server.session.SessionFactory;
import io.remora.server.tenant.TenantGrant;
import io.remora.server.watch.LiveSession;
import io.remora.v1.Hello;
import io.remora.v1.Resume;
import io.remora.wire.InboundFrame;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An admitted client at the edge, from its admission until everything is given back: its session,
 * and the stream that it has now. That is another one when the client has resumed the session. The
 * lock guards the state; sessions and streams are never called with it.
 */
final class SessionStream {
  static final Status STOPPING =
      Status.UNAVAILABLE.withDescription(
          "the server is stopping: connect again when it is back, or to another one");

  private static final Logger log = LoggerFactory.getLogger(SessionStream.class);

  private enum State {
    /** No Hello yet; the grant belongs to this. */
    WAITING,
    /** The session is being made, on the event loop. */
    OPENING,
    /** The grant belongs to the session. */
    OPEN
  }

  private final SessionFactory sessions;
  private final Reception reception;
  private final Object lock = new Object();

  /** Null as long as no client has come for a session of another server. */
  private @Nullable ClientStream current;

  private State state = State.WAITING;
  private @Nullable TenantGrant grant;
  private @Nullable Session session;
  private @Nullable String endReason;
  private @Nullable String cutReason;
  private @Nullable LiveSession live;
  private boolean freed;

  /** Told which token the client shows that comes for a session of another server. */
  private Consumer<String> shown = token -> {};

  /**
   * @param first null: the session comes from another server, and its client later
   */
  SessionStream(@Nullable ClientStream first, SessionFactory sessions, Reception reception) {
    this.current = first;
    this.sessions = sessions;
    this.reception = reception;
  }

  /**
   * Starts to read.
   *
   * @param admitted what the client may use
   * @param onFreed run once when the grant is given back
   */
  void begin(TenantGrant admitted, Runnable onFreed) {
    TenantGrant own = owning(admitted, onFreed);
    boolean endedAlready;
    ClientStream stream;
    synchronized (lock) {
      grant = own;
      endedAlready = endReason != null;
      stream = Objects.requireNonNull(current);
    }
    stream.belongsTo(this);
    if (endedAlready) {
      // Its tenant was revoked between its admission and now.
      own.close();
      return;
    }
    stream.begin(this::open);
  }

  /** The grant with what is to be done here when it is given back. */
  private TenantGrant owning(TenantGrant admitted, Runnable onFreed) {
    return admitted.withSlot(
        () -> {
          admitted.close();
          freed();
          onFreed.run();
        });
  }

  /**
   * A session comes from another server.
   *
   * @param tokenShown told which token its client shows when it comes
   * @param onFreed run once when the grant is given back
   * @return the grant for the session
   */
  TenantGrant comes(TenantGrant admitted, Consumer<String> tokenShown, Runnable onFreed) {
    TenantGrant own = owning(admitted, onFreed);
    synchronized (lock) {
      state = State.OPENING;
      grant = own;
      shown = tokenShown;
    }
    return own;
  }

  /** The session is here, and waits for its client. */
  void arrived(Session session, LiveSession made) {
    String ended;
    synchronized (lock) {
      live = made;
      this.session = session;
      state = State.OPEN;
      ended = endReason;
    }
    if (ended != null) {
      session.onEnd(ended);
    }
  }

  /** See {@link Session#depart}. */
  void depart(long withinNanos, Carrier carrier) {
    Session open;
    synchronized (lock) {
      open = state == State.OPEN && endReason == null ? session : null;
    }
    if (open == null) {
      carrier.refused("the session is not open");
    } else {
      open.depart(withinNanos, carrier);
    }
  }

  /** The session is another server's from now on, and nobody goes on with it here. */
  void leaves(String server) {
    synchronized (lock) {
      if (endReason == null) {
        endReason = "it goes on at " + server;
      }
    }
  }

  /** Whether it is decided that the session ends here. */
  boolean isOver() {
    synchronized (lock) {
      return endReason != null;
    }
  }

  /** How many devices the session has. */
  int devices() {
    synchronized (lock) {
      return session == null ? 0 : session.devices();
    }
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
      reason = endReason != null ? endReason : cutReason;
    }
    if (gone != null) {
      reception.roll().closed(gone, reason == null ? "" : reason);
    }
  }

  private void writeDown(Session opened, String tenant, String peer, Hello hello) {
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

  /** The tenant was removed, revoked or has expired. */
  void tenantEnded(String reason) {
    log.info("Ending a session: {}", reason);
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

  /** Ends the session and its stream. */
  void end(Status status) {
    ClientStream stream;
    synchronized (lock) {
      stream = current;
    }
    leave(stream, String.valueOf(status.getDescription()));
    if (stream != null) {
      stream.close(status);
    }
  }

  /** Ends the session if it waits for its client; from now on it doesn't wait. */
  void stopWaiting() {
    Session open;
    synchronized (lock) {
      open = session;
    }
    if (open != null) {
      open.presence().stopWaiting(String.valueOf(STOPPING.getDescription()));
    }
  }

  /** A frame of a stream. */
  void message(InboundFrame frame, ClientStream from) {
    Session open;
    synchronized (lock) {
      open = session;
    }
    if (open != null) {
      open.onFrame(frame, from);
    } else {
      frame.close();
    }
  }

  private SessionStream open(InboundFrame frame, ClientStream stream) {
    TenantGrant own;
    synchronized (lock) {
      if (state != State.WAITING || endReason != null || grant == null) {
        frame.close();
        return this;
      }
      state = State.OPENING;
      own = grant;
    }
    Session opened;
    Hello hello;
    try (frame) {
      hello = FirstFrame.hello(frame);
      FirstFrame.requireNew(hello);
      opened = sessions.open(own, hello, stream);
    } catch (RuntimeException | Error e) {
      own.close();
      throw e;
    }
    writeDown(opened, own.tenant(), stream.peer(), hello);
    String ended;
    synchronized (lock) {
      session = opened;
      state = State.OPEN;
      ended = endReason;
    }
    log.info("session {} of tenant {} comes from {}", opened.id(), own.tenant(), stream.peer());
    if (ended != null) {
      opened.onEnd(ended);
    }
    return this;
  }

  /**
   * A client wants to go on with the session by another stream.
   *
   * @param tenant whose token came with it
   * @param token the token's id
   * @return false if it isn't this session's client, or the session is over
   */
  boolean resume(ClientStream stream, String tenant, String token, Resume resume) {
    Session open;
    TenantGrant own;
    synchronized (lock) {
      open = session;
      own = grant;
    }
    if (open == null
        || own == null
        || !own.tenant().equals(tenant)
        || !open.presence().isSecret(resume.getSecret())) {
      return false;
    }
    Consumer<String> tokenShown;
    synchronized (lock) {
      if (endReason != null) {
        return false;
      }
      current = stream;
      tokenShown = shown;
      shown = known -> {};
    }
    tokenShown.accept(token);
    log.info("session {} comes back from {}", open.id(), stream.peer());
    open.presence().onResume(stream, resume.getReceivedBytes());
    return true;
  }

  /** A stream has ended without a word of its client. */
  void cut(ClientStream from, String reason) {
    Session open;
    synchronized (lock) {
      if (from != current) {
        return;
      }
      open = session;
      cutReason = reason;
    }
    if (open != null && open.presence().isResumable()) {
      open.presence().onCut(from, reason);
    } else {
      leave(from, reason);
    }
  }

  /** The session has ended a stream, and itself if it is the one that it has. */
  void ended(ClientStream from, String reason) {
    synchronized (lock) {
      if (from == current && endReason == null) {
        endReason = reason;
      }
    }
  }

  /** Gives back what the client holds, once. Does nothing for a stream that was replaced. */
  void leave(@Nullable ClientStream from, String reason) {
    Session open;
    TenantGrant unused;
    synchronized (lock) {
      if (endReason != null || from != current) {
        return;
      }
      endReason = reason;
      open = session;
      unused = state == State.WAITING ? grant : null;
    }
    if (open != null) {
      open.onEnd(reason);
    } else if (unused != null) {
      unused.close();
    }
  }
}
