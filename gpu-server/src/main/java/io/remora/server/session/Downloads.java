// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain.DeviceBytes;
import io.remora.server.driver.Domain.HostReader;
import io.remora.server.session.generated.Answers;
import io.remora.server.session.generated.Calls;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Copies from devices to the client, however large, through few buffers: a piece is read when the
 * transport has room for it, and copied into the transport's buffers before the next is read. In a
 * session that can be resumed its buffer is kept until the client has the piece; the transport has
 * no room while many are. Several at once take turns, piece by piece. Small ones are read at once,
 * on the thread that brings the stream there. Belongs to the session's serial executor.
 */
final class Downloads {
  /** Big enough that the overhead of a message doesn't count, small enough to share a line. */
  static final int PIECE_BYTES = 128 << 10;

  private static final int SMALL_BYTES_MAX = 16 << 10;

  /** Pieces sent for each time that the transport says it has room, so that it doesn't run dry. */
  private static final int PIECES_PER_TURN = 4;

  private final ClientSession session;
  private final CopyCalls copies;
  private final Pacing pacing;
  private final Deque<Download> ready = new ArrayDeque<>();
  private final Deque<ByteBuffer> buffers = new ArrayDeque<>();
  private @Nullable Download reading;
  private int piecesLeft;

  Downloads(ClientSession session, CopyCalls copies) {
    this.session = session;
    this.copies = copies;
    this.pacing = new Pacing(session, session.grant().account().download(), this::goOn);
  }

  void toHost(SessionCall call, long source, long byteCount, long handle) {
    rowsToHost(call, source, byteCount, byteCount, 1, handle);
  }

  void rowsToHost(
      SessionCall call, long source, long pitch, long widthBytes, long height, long handle) {
    SessionStream stream = session.objects().stream(call, handle);
    long span = MemoryRanges.span(widthBytes, pitch, height);
    if (span == 0) {
      stream.whenIdle(() -> session.faults().answerAfterWait(call, stream.device()));
      return;
    }
    SessionDevice device = session.memory(source, span);
    SessionStream target = copies.streamFor(call, handle, device, source);
    Download download = new Download(call, new DeviceRows(pitch, widthBytes), widthBytes * height);
    call.submit(
        target,
        WorkKeys.ofBytes(call.number(), download.bytes),
        (domain, at, observer) -> domain.copyToHost(at, source, span, download, observer));
  }

  /** The work of a call that is answered with rows of device memory. */
  CallContext.StreamWork reading(SessionCall call, NodeWork.HostCopy rows) {
    Download download =
        new Download(call, new DeviceRows(rows.pitch(), rows.widthBytes()), rows.bytes());
    long span = MemoryRanges.span(rows.widthBytes(), rows.pitch(), rows.height());
    return (domain, at, observer) ->
        domain.copyToHost(at, rows.address(), span, download, observer);
  }

  /** The transport has room. */
  void transportReady() {
    piecesLeft = PIECES_PER_TURN;
    readNext();
  }

  private void begin(Download download) {
    ready.add(download);
    if (!session.outbox().isCongested()) {
      piecesLeft = Math.max(piecesLeft, 1);
    }
    readNext();
  }

  private void readNext() {
    if (reading != null || piecesLeft <= 0 || pacing.isPaused()) {
      return;
    }
    Download next = ready.poll();
    if (next != null) {
      // The one used last: it may still be in the processor's cache.
      ByteBuffer into = buffers.pollLast();
      if (into == null) {
        into = ByteBuffer.allocate(PIECE_BYTES);
      }
      reading = next;
      piecesLeft--;
      next.read(into.clear());
    } else {
      // Idle sessions hold no buffer.
      buffers.clear();
    }
  }

  /** A piece that was sent isn't needed any more. */
  void released(ByteBuffer payload) {
    boolean active = reading != null || !ready.isEmpty();
    if (active && payload.capacity() == PIECE_BYTES) {
      buffers.add(payload);
    }
  }

  private void pieceRead(Download download, ByteBuffer piece, int result) {
    reading = null;
    if (session.isEnded()) {
      return;
    }
    if (result != CUresult.CUDA_SUCCESS_VALUE) {
      download.finish();
      session.faults().workFailed(download.call, download.call.stream().device(), result, "");
    } else {
      pacing.moved(piece.remaining());
      if (download.send(piece)) {
        ready.add(download);
      }
    }
    if (!session.outbox().isCongested()) {
      piecesLeft = Math.max(piecesLeft, 1);
    }
    if (!session.link().keepsPayloads()) {
      buffers.add(piece);
    }
    readNext();
  }

  private void goOn() {
    if (!session.outbox().isCongested()) {
      piecesLeft = Math.max(piecesLeft, 1);
    }
    readNext();
  }

  /** One copy to the client. */
  private final class Download implements HostReader {
    private final SessionCall call;
    private final DeviceRows rows;
    private final long bytes;
    private long sent;
    private @Nullable DeviceBytes source;

    Download(SessionCall call, DeviceRows rows, long bytes) {
      this.call = call;
      this.rows = rows;
      this.bytes = bytes;
    }

    @Override
    public void begin(DeviceBytes deviceBytes) {
      source = deviceBytes;
      if (bytes <= SMALL_BYTES_MAX
          && !session.outbox().isCongested()
          && session.grant().account().limits().downloadBytesPerSecond() == 0) {
        ByteBuffer all = ByteBuffer.allocate((int) bytes);
        rows.read(
            deviceBytes,
            0,
            all,
            (result, nanos) -> {
              // First, because the end of the work would end the call without its bytes.
              session.signal(() -> smallRead(all, result));
              deviceBytes.finish();
            });
      } else {
        // Reading calls the driver, which a signal may not.
        session.signal(() -> session.serial().execute(() -> Downloads.this.begin(this)));
      }
    }

    private void smallRead(ByteBuffer all, int result) {
      if (result == CUresult.CUDA_SUCCESS_VALUE) {
        answer(all, 0);
      } else {
        session.faults().workFailed(call, call.stream().device(), result, "");
      }
    }

    /** Reads the next piece. */
    void read(ByteBuffer into) {
      DeviceBytes from = source;
      if (from == null) {
        throw new IllegalStateException("read before the stream got there");
      }
      into.limit((int) Math.min(into.capacity(), bytes - sent));
      rows.read(
          from,
          sent,
          into,
          (result, nanos) ->
              session.signal(() -> session.serial().execute(() -> pieceRead(this, into, result))));
    }

    /** Sends a piece. Returns whether more are to come. */
    boolean send(ByteBuffer piece) {
      long offset = sent;
      sent += piece.remaining();
      boolean more = sent < bytes;
      if (!more) {
        finish();
      }
      call.setMore(more);
      answer(piece, offset);
      return more;
    }

    private void answer(ByteBuffer piece, long offset) {
      if (call.isOver()) {
        return;
      }
      if (call.number() == Calls.REMORA_COPY_ROWS_TO_HOST) {
        Answers.remoraCopyRowsToHostTail(call, piece, offset);
      } else {
        Answers.cuMemcpyDtoHAsyncTail(call, piece, offset);
      }
    }

    /** The stream may go on. */
    void finish() {
      DeviceBytes from = source;
      source = null;
      if (from != null) {
        from.finish();
      }
    }
  }
}
