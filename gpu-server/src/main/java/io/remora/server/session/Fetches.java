// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import io.remora.server.session.MemberReads.Failure;
import io.remora.server.session.MemberReads.Home;
import io.remora.server.session.MemberReads.Reading;
import io.remora.server.session.generated.Answers;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Copies to devices of what other servers offer. Bytes are put on the stream piece by piece as they
 * come, as those of a copy from the client are; no more pieces are asked for than may be under way.
 * Belongs to the session's serial executor.
 */
final class Fetches {
  private static final Logger log = LoggerFactory.getLogger(Fetches.class);

  /** {@code RemoraFetchRows.outcome}. */
  static final int DONE = 0;

  static final int UNREACHABLE = 1;
  static final int REFUSED = 2;
  static final int BROKEN_OFF = 3;
  static final int TOO_MANY = 4;

  /** As {@link Offers#OPEN_MAX}. */
  static final int OPEN_MAX = Offers.OPEN_MAX;

  /** Pieces asked for or on the stream: 2 MiB of a member that sends as this one does. */
  private static final int PIECES_MAX = 8;

  /**
   * What clients make this server send to others is bounded; tickets of later versions may grow.
   */
  private static final int TICKET_BYTES_MAX = 512;

  private static final int NAME_CHARS_MAX = 255;

  /** How long a member may send nothing that it was asked for. */
  static final long STILL_NANOS = 10_000_000_000L;

  private final ClientSession session;
  private final CopyCalls copies;
  private final Pacing pacing;
  private final Looks looks;
  private final List<Fetch> open = new ArrayList<>();

  Fetches(ClientSession session, CopyCalls copies) {
    this.session = session;
    this.copies = copies;
    this.pacing = new Pacing(session, session.grant().account().upload(), this::goOn);
    this.looks = new Looks(session, () -> !open.isEmpty(), this::look);
  }

  /**
   * Where the bytes go.
   *
   * @param address of the first row
   * @param pitch bytes from one row to the next
   * @param widthBytes of each row
   * @param height number of rows
   * @param stream the client's handle
   */
  record Target(long address, long pitch, long widthBytes, long height, long stream) {}

  /**
   * Fills rows; the call is answered when all bytes are in device memory, or won't come.
   *
   * @param from who has given the ticket out, as the client says
   */
  void fetch(SessionCall call, Target target, Home from, byte[] ticket) {
    long span = MemoryRanges.span(target.widthBytes(), target.pitch(), target.height());
    if (span == 0
        || ticket.length > TICKET_BYTES_MAX
        || from.pool().length() > NAME_CHARS_MAX
        || from.member().length() > NAME_CHARS_MAX) {
      throw CallException.invalidValue("nothing to fetch, or a ticket or name that nobody gives");
    }
    SessionDevice device = session.memory(target.address(), span);
    SessionStream stream = copies.streamFor(call, target.stream(), device, target.address());
    session.captures().refuseUse(stream);
    if (open.size() >= OPEN_MAX) {
      Answers.remoraFetchRows(call, TOO_MANY);
      return;
    }
    Fetch fetch = new Fetch(call, target, from, span, device, stream);
    open.add(fetch);
    fetch.begin(ticket);
    looks.begin();
  }

  void sessionEnds() {
    open.forEach(Fetch::cancel);
    open.clear();
  }

  /** Of a tenant with a limit one: what is asked for can't be held back. */
  private int piecesMax() {
    return session.grant().account().limits().uploadBytesPerSecond() == 0 ? PIECES_MAX : 1;
  }

  private void goOn() {
    List.copyOf(open).forEach(Fetch::ask);
  }

  private void look(long now) {
    List.copyOf(open).forEach(fetch -> fetch.look(now));
  }

  /** One copy that goes on. */
  private final class Fetch implements MemberReads.Listener {
    private final SessionCall call;
    private final Target target;
    private final Home from;
    private final long span;
    private final SessionDevice device;
    private final SessionStream stream;
    private final long total;
    private long received;

    /** Pieces that were asked for and haven't come; pieces on the stream. */
    private int asked;

    private int writing;
    private long movedNanos;
    private boolean complete;
    private boolean over;
    private @Nullable Reading reading;

    Fetch(
        SessionCall call,
        Target target,
        Home from,
        long span,
        SessionDevice device,
        SessionStream stream) {
      this.call = call;
      this.target = target;
      this.from = from;
      this.span = span;
      this.device = device;
      this.stream = stream;
      this.total = target.widthBytes() * target.height();
    }

    void begin(byte[] ticket) {
      movedNanos = session.services().nanoClock().getAsLong();
      reading =
          session.services().members().get().read(from, session.grant().tenant(), ticket, this);
      ask();
    }

    /** Asks for as many pieces as there is room for. */
    void ask() {
      Reading of = reading;
      int more = piecesMax() - asked - writing;
      if (of == null || over || complete || more <= 0 || pacing.isPaused()) {
        return;
      }
      if (asked == 0) {
        movedNanos = session.services().nanoClock().getAsLong();
      }
      asked += more;
      of.request(more);
    }

    void look(long now) {
      if (asked > 0 && !complete && now - movedNanos > STILL_NANOS) {
        failedFor(BROKEN_OFF, "it sends nothing");
      }
    }

    @Override
    public void piece(ByteBuffer bytes) {
      session.serial().execute(() -> take(bytes));
    }

    @Override
    public void ended() {
      session.serial().execute(this::sentAll);
    }

    @Override
    public void failed(Failure failure, String why) {
      int outcome =
          switch (failure) {
            case UNREACHABLE -> UNREACHABLE;
            case REFUSED -> REFUSED;
            case LOST -> BROKEN_OFF;
          };
      session.serial().execute(() -> failedFor(outcome, why));
    }

    private void take(ByteBuffer bytes) {
      if (over || session.isEnded()) {
        return;
      }
      asked--;
      int length = bytes.remaining();
      if (length == 0 || length > total - received) {
        failedFor(BROKEN_OFF, "it sends other bytes than were offered");
        return;
      }
      try {
        put(bytes);
      } catch (CallException gone) {
        end();
        call.fail(gone.result(), gone.detail());
        return;
      }
      received += length;
      movedNanos = session.services().nanoClock().getAsLong();
      session.meter().fetched(length);
      pacing.moved(length);
    }

    /** Puts a piece on the stream; both may have ended since the last one, like the memory. */
    private void put(ByteBuffer bytes) {
      call.checkContext();
      if (session.memory(target.address(), span) != device
          || copies.streamFor(call, target.stream(), device, target.address()) != stream) {
        throw new CallException(
            CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE, "the stream of the copy is gone");
      }
      session.captures().refuseUse(stream);
      int length = bytes.remaining();
      List<RowPart> parts =
          RowPart.split(
              List.of(bytes), target.address(), target.pitch(), target.widthBytes(), received);
      writing++;
      session.submit(stream, new Piece(this, parts, length));
      if (target.stream() == 0) {
        stream.context().legacy().orderForHost();
      }
    }

    private void sentAll() {
      if (over || session.isEnded()) {
        return;
      }
      if (received != total) {
        failedFor(BROKEN_OFF, "it sends fewer bytes than were offered");
        return;
      }
      complete = true;
      answerIfDone();
    }

    private void written(int result, String detail) {
      writing--;
      if (over || session.isEnded()) {
        return;
      }
      if (result != CUresult.CUDA_SUCCESS_VALUE) {
        end();
        session.faults().workFailed(call, device, result, detail);
        return;
      }
      ask();
      answerIfDone();
    }

    private void answerIfDone() {
      if (complete && writing == 0) {
        over = true;
        open.remove(this);
        Answers.remoraFetchRows(call, DONE);
      }
    }

    /** The client has to copy; what is on the stream goes before that. */
    private void failedFor(int outcome, String why) {
      if (over || session.isEnded()) {
        return;
      }
      end();
      log.info(
          "session {} of tenant {}: a copy from member {} goes through its client: {}",
          session.id(),
          session.grant().tenant(),
          LogText.printable(from.member()),
          LogText.printable(why));
      Answers.remoraFetchRows(call, outcome);
    }

    private void end() {
      over = true;
      open.remove(this);
      cancel();
    }

    void cancel() {
      Reading of = reading;
      if (of != null) {
        of.cancel();
      }
    }
  }

  /** One piece on the stream. */
  private static final class Piece extends QueuedWork {
    private final Fetch fetch;
    private final List<RowPart> parts;
    private final int bytes;

    Piece(Fetch fetch, List<RowPart> parts, int bytes) {
      super(fetch.call.session);
      this.fetch = fetch;
      this.parts = parts;
      this.bytes = bytes;
    }

    @Override
    long sequence() {
      return fetch.call.sequence();
    }

    @Override
    String label() {
      return fetch.call.label();
    }

    @Override
    public long estimateKey() {
      return WorkKeys.ofBytes(fetch.call.number(), bytes);
    }

    @Override
    public long bytes() {
      return bytes;
    }

    @Override
    void start(Domain domain, long driverStream) {
      CopyCalls.copyRows(domain, driverStream, parts, this);
    }

    @Override
    void finished(int result, String detail) {
      // To ask for more and to answer isn't for driver threads.
      session.signal(() -> session.serial().execute(() -> fetch.written(result, detail)));
    }
  }
}
