// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The whole session is to go on at another server. Belongs to the session's serial executor, which
 * it occupies while the session is carried: so nothing of it changes meanwhile.
 */
final class Departure implements Relocation.Task {
  private static final Logger log = LoggerFactory.getLogger(Departure.class);

  private final ClientSession session;
  private final long deadline;
  private final Carrier carrier;
  private String busy = "";

  Departure(ClientSession session, long deadline, Carrier carrier) {
    this.session = session;
    this.deadline = deadline;
    this.carrier = carrier;
  }

  @Override
  public List<SessionDevice> devices() {
    return session.objects().devices();
  }

  /** A fault goes with the session, if the driver can carry it. */
  @Override
  public boolean isHopeless() {
    return false;
  }

  @Override
  public boolean isOver() {
    if (session.services().nanoClock().getAsLong() - deadline > 0) {
      carrier.refused(
          busy.isEmpty()
              ? "the session didn't come to rest in time; try again, with more time"
              : busy + "; try again, with more time");
      return true;
    }
    return false;
  }

  /** What the session is in the midst of that only more of its calls can end; empty: nothing. */
  private String whatGoesOn() {
    SessionCalls calls = session.calls();
    if (!calls.uploads().isIdle()) {
      return "a module's image is being uploaded";
    }
    if (!calls.transfers().isIdle()) {
      return "bytes of a graph wait for its launch";
    }
    if (!calls.callbacks().isIdle()) {
      return "a host function runs";
    }
    boolean idle =
        session.callTimes().isIdle() && calls.memory().isIdle() && !session.epochs().hasWaiting();
    return idle ? "" : "a call isn't answered";
  }

  @Override
  public void carryOut() {
    busy = whatGoesOn();
    if (!busy.isEmpty()) {
      session.relocation().again(this);
      return;
    }
    long bytes;
    try {
      ResumeTerms terms = session.link().terms();
      if (terms == null || !terms.follows()) {
        throw new Unmovable("its client doesn't go to another server: it is older than that");
      }
      session.deviceOutput().sendAll();
      session.outbox().flush();
      Cargo cargo = SessionImages.write(session, session.relocation().waiting());
      carrier.carry(cargo);
      bytes = cargo.memoryBytes();
    } catch (RuntimeException refused) {
      carrier.refused(session.relocation().why(refused));
      return;
    }
    String server = carrier.goesOn();
    log.info(
        "session {} of tenant {} goes on at {}, with {} bytes",
        session.id(),
        session.grant().tenant(),
        server,
        bytes);
    session.leaveFor(server);
    carrier.gone(bytes);
  }

  @Override
  public void drop() {
    carrier.refused("the session has ended");
  }
}
