// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain.DeviceBytes;
import io.remora.server.driver.Domain.HostReader;
import io.remora.server.session.generated.Answers;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Device memory that other servers may read, each by a ticket. A stream that holds an offer stands
 * still from the time at which the ticket is given out until the bytes are read, as with a copy to
 * the client, or until nobody has come for them or gone on for too long. Belongs to the session's
 * serial executor.
 */
final class Offers {
  /** A client copies with one thread, and programs hardly with more than these. */
  static final int OPEN_MAX = 16;

  /** Nothing is kept of what is sent here, so it needn't be as small as a client's pieces. */
  private static final int PIECE_BYTES = 256 << 10;

  /** How long a reader may take nothing. */
  static final long STILL_NANOS = 10_000_000_000L;

  private final ClientSession session;
  private final CopyCalls copies;
  private final Pacing pacing;
  private final Looks looks;

  /** By the client's numbers. */
  private final Map<Long, Offer> open = new HashMap<>();

  Offers(ClientSession session, CopyCalls copies) {
    this.session = session;
    this.copies = copies;
    this.pacing = new Pacing(session, session.grant().account().download(), this::goOn);
    this.looks = new Looks(session, () -> !open.isEmpty(), this::look);
  }

  /**
   * Offers rows, once the stream gets there.
   *
   * @param number the client's, for {@link #withdraw}
   */
  void offer(
      SessionCall call,
      long number,
      long source,
      long pitch,
      long widthBytes,
      long height,
      long handle) {
    long span = MemoryRanges.span(widthBytes, pitch, height);
    if (span == 0 || open.containsKey(number)) {
      throw CallException.invalidValue("an offer of nothing, or a second one of its number");
    }
    SessionDevice device = session.memory(source, span);
    SessionStream target = copies.streamFor(call, handle, device, source);
    Optional<MemberReads.Home> home = session.services().members().get().home();
    if (home.isEmpty() || open.size() >= OPEN_MAX) {
      session.captures().refuseUse(target);
      Answers.remoraOfferRows(call, new byte[0], home.map(MemberReads.Home::pool).orElse(""), "");
      return;
    }
    ReadTickets.Terms terms =
        new ReadTickets.Terms(
            session.grant().tenant(), session.id(), source, pitch, widthBytes, height);
    Offer offer = new Offer(call, number, home.get(), terms);
    call.waitForHost();
    call.whenFinished(() -> session.signal(offer::streamGoesOn));
    call.submit(
        target,
        WorkKeys.ofBytes(call.number(), offer.total),
        (domain, at, observer) -> domain.copyToHost(at, source, span, offer, observer));
    open.put(number, offer);
    looks.begin();
  }

  /** Takes an offer back, if it is still there. */
  void withdraw(SessionCall call, long number) {
    Offer offer = open.get(number);
    if (offer != null) {
      offer.end("it was taken back");
    }
    call.succeed();
  }

  /** Whether nothing is offered. */
  boolean isIdle() {
    return open.isEmpty();
  }

  void sessionEnds() {
    List.copyOf(open.values()).forEach(offer -> offer.end("its session has ended"));
  }

  private void look(long now) {
    List.copyOf(open.values()).forEach(offer -> offer.look(now));
  }

  private void goOn() {
    List.copyOf(open.values()).forEach(Offer::readNext);
  }

  /** One offer. */
  private final class Offer implements HostReader, DirectRead {
    private final SessionCall call;
    private final long number;
    private final MemberReads.Home home;
    private final ReadTickets.Terms terms;
    private final DeviceRows rows;
    private final long total;
    private long sent;
    private long movedNanos;
    private boolean reading;
    private boolean over;
    private byte @Nullable [] ticket;
    private @Nullable DeviceBytes source;
    private @Nullable Sink sink;
    private @Nullable ByteBuffer buffer;

    Offer(SessionCall call, long number, MemberReads.Home home, ReadTickets.Terms terms) {
      this.call = call;
      this.number = number;
      this.home = home;
      this.terms = terms;
      this.rows = new DeviceRows(terms.pitch(), terms.widthBytes());
      this.total = terms.widthBytes() * terms.height();
    }

    /** The stream is there. */
    @Override
    public void begin(DeviceBytes deviceBytes) {
      session.signal(() -> session.serial().execute(() -> reached(deviceBytes)));
    }

    private void reached(DeviceBytes deviceBytes) {
      source = deviceBytes;
      if (over || session.isEnded()) {
        finish();
        return;
      }
      ReadTickets tickets = session.services().tickets();
      byte[] made = tickets.issue(terms, this);
      ticket = made;
      movedNanos = session.services().nanoClock().getAsLong();
      Answers.remoraOfferRows(call, made, home.pool(), home.member());
    }

    /** Because everything was read, or by a fault, or because the session has ended. */
    private void streamGoesOn() {
      source = null;
      end("its device memory is gone");
    }

    @Override
    public void begin(Sink to) {
      session.serial().execute(() -> beginReading(to));
    }

    private void beginReading(Sink to) {
      if (over || session.isEnded()) {
        to.fail("its session has ended, or has taken it back");
        return;
      }
      sink = to;
      buffer = ByteBuffer.allocate((int) Math.min(PIECE_BYTES, total));
      movedNanos = session.services().nanoClock().getAsLong();
      readNext();
    }

    @Override
    public void ready() {
      session.serial().execute(this::readNext);
    }

    @Override
    public void gone() {
      session.serial().execute(this::readerGone);
    }

    private void readerGone() {
      sink = null;
      end("");
    }

    /** Ends what nobody comes for, and what its reader has forgotten. */
    void look(long now) {
      if (pacing.isPaused()) {
        movedNanos = now;
      }
      if (ticket != null
          && now - movedNanos > (sink == null ? ReadTickets.LIFE_NANOS : STILL_NANOS)) {
        end("nobody has come for it, or taken more of it, in time");
      }
    }

    private void readNext() {
      DeviceBytes from = source;
      Sink to = sink;
      ByteBuffer into = buffer;
      if (over
          || reading
          || from == null
          || to == null
          || into == null
          || session.isEnded()
          || pacing.isPaused()
          || !to.isReady()) {
        return;
      }
      reading = true;
      into.clear().limit((int) Math.min(into.capacity(), total - sent));
      rows.read(
          from,
          sent,
          into,
          (result, nanos) ->
              session.signal(() -> session.serial().execute(() -> pieceRead(to, into, result))));
    }

    private void pieceRead(Sink to, ByteBuffer piece, int result) {
      reading = false;
      if (session.isEnded()) {
        return;
      }
      if (over) {
        finish();
        return;
      }
      if (result != CUresult.CUDA_SUCCESS_VALUE) {
        session.faults().workFailed(call, call.stream().device(), result, "");
        end("the device memory can't be read");
        return;
      }
      int bytes = piece.remaining();
      sent += bytes;
      movedNanos = session.services().nanoClock().getAsLong();
      to.piece(piece);
      session.meter().sent(bytes);
      pacing.moved(bytes);
      if (sent < total) {
        readNext();
      } else {
        sink = null;
        to.end();
        end("");
      }
    }

    /** Nobody is given anything any more. */
    private void end(String why) {
      if (over) {
        return;
      }
      over = true;
      byte[] given = ticket;
      if (given != null) {
        session.services().tickets().revoke(given);
      }
      Sink told = sink;
      sink = null;
      if (told != null) {
        told.fail(why);
      }
      open.remove(number, this);
      if (!reading && !session.isEnded()) {
        finish();
      }
    }

    /** The stream may go on. */
    private void finish() {
      DeviceBytes from = source;
      source = null;
      buffer = null;
      if (from != null) {
        from.finish();
      }
    }
  }
}
