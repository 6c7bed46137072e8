// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import com.google.protobuf.ByteString;
import io.remora.server.session.ProtocolException.Reason;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether a session's client is there: waits for it when its connection is cut, and lets it go on.
 * What isn't declared for any thread belongs to the session's serial executor.
 */
final class ClientPresence implements SessionPresence {
  private static final Logger log = LoggerFactory.getLogger(ClientPresence.class);

  private final ClientSession session;
  private final SessionLink link;
  private volatile boolean resumable;

  ClientPresence(ClientSession session, SessionLink link) {
    this.session = session;
    this.link = link;
    resumable = link.terms() != null;
  }

  @Override
  public boolean isResumable() {
    return resumable;
  }

  @Override
  public void onCut(SessionOutput stream, String reason) {
    session.serial().execute(() -> cut(stream, reason));
  }

  private void cut(SessionOutput stream, String reason) {
    ResumeTerms terms = link.terms();
    SessionServices services = session.services();
    if (session.isEnded() || !link.isCurrent(stream)) {
      return;
    }
    if (terms == null || !link.detach(services.nanoClock().getAsLong()) || !resumable) {
      session.end(reason);
      return;
    }
    log.info(
        "session {} waits {} ms for its client: {}", session.id(), terms.graceMillis(), reason);
    limitWaiting(terms, services);
  }

  /** The session has come from another server without its client. */
  void awaitsClient() {
    limitWaiting(Objects.requireNonNull(link.terms()), session.services());
  }

  private void limitWaiting(ResumeTerms terms, SessionServices services) {
    long cut = link.detachment();
    services
        .delays()
        .after(
            TimeUnit.MILLISECONDS.toNanos(terms.graceMillis()),
            () -> session.serial().execute(() -> graceIsOver(cut, terms.graceMillis())));
  }

  private void graceIsOver(long cut, int graceMillis) {
    if (link.isDetached() && link.detachment() == cut) {
      session.violated(
          new ProtocolException(
              Reason.NOT_RESUMABLE,
              "the client did not come back within " + graceMillis + " ms of the cut"));
    }
  }

  @Override
  public void stopWaiting(String reason) {
    resumable = false;
    session
        .serial()
        .execute(
            () -> {
              if (link.isDetached()) {
                session.end(reason);
              }
            });
  }

  @Override
  public boolean isSecret(ByteString shown) {
    ResumeTerms terms = link.terms();
    return terms != null && terms.isSecret(shown);
  }

  @Override
  public void onResume(SessionOutput stream, long receivedBytes) {
    session.serial().execute(() -> resume(stream, receivedBytes));
  }

  private void resume(SessionOutput stream, long receivedBytes) {
    String elsewhere = link.movedTo();
    if (elsewhere != null) {
      stream.moved(elsewhere);
      return;
    }
    if (session.isEnded() || !resumable) {
      stream.end(new ProtocolException(Reason.NOT_RESUMABLE, "the session has just ended"));
      return;
    }
    try {
      session.outbox().flush();
      link.attach(stream, receivedBytes, Handshake.resumed(session.flow().consumedBytes()));
    } catch (ProtocolException impossible) {
      stream.end(impossible);
      session.violated(impossible);
      return;
    }
    log.info("session {} goes on with its client", session.id());
    session.relocation().wake();
    session.transportReady();
  }

  /** The client has got what was sent up to a position. */
  void acknowledged(long position) {
    boolean wasReady = link.isReady();
    link.acknowledge(position);
    if (!wasReady && link.isReady()) {
      session.transportReady();
    }
  }
}
