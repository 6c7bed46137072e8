// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import com.google.protobuf.ByteString;
import io.remora.server.metrics.SessionMeter;
import io.remora.server.session.ProtocolException.Reason;
import io.remora.v1.SessionImage;
import io.remora.v1.Welcome;
import io.remora.wire.KeptFrames;
import io.remora.wire.OutboundFrame;
import io.remora.wire.WireException;
import java.nio.ByteBuffer;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The session's way to its client, whatever stream it has at the moment: keeps what was sent until
 * the client has it, waits for the client when its connection is cut, and sends again what got lost
 * when it is back. Belongs to the session's serial executor.
 *
 * <p>A session that can't be resumed has one stream and keeps nothing.
 */
final class SessionLink implements SessionOutput {
  /**
   * So much may be sent and not acknowledged before bulk answers wait: a millisecond of a fast
   * network, and the most that a client that went away leaves in memory. More of twice as much
   * falls out of the processor's caches before the client reads it; see docs/performance.md.
   */
  static final int WINDOW_BYTES = 2 << 20;

  /** A client acknowledges each 512 KiB, a quarter of the window: at a half it is overdue. */
  private static final int OVERDUE_BYTES = WINDOW_BYTES / 2;

  private final SessionMeter meter;
  private final @Nullable ResumeTerms terms;
  private final @Nullable KeptFrames kept;
  private @Nullable SessionOutput current;
  private SessionOutput last;
  private Runnable whenWritable = () -> {};
  private boolean frameRequested;
  private boolean greeted;
  private long detachments;
  private @Nullable String movedTo;

  /** Null if the client began here; without the devices. */
  private @Nullable Welcome toldElsewhere;

  /**
   * @param first the stream on which the session was opened
   * @param terms null if the session ends with it
   * @param released gets each payload that was sent and isn't needed any more
   */
  SessionLink(
      SessionOutput first,
      @Nullable ResumeTerms terms,
      SessionMeter meter,
      Consumer<ByteBuffer> released) {
    this.meter = meter;
    this.terms = terms;
    current = first;
    last = first;
    kept = terms == null ? null : new KeptFrames(released);
  }

  /** Null if the session ends with its stream. */
  @Nullable ResumeTerms terms() {
    return terms;
  }

  /** What another server told the client, without the devices; empty if the client began here. */
  Optional<Welcome> toldElsewhere() {
    return Optional.ofNullable(toldElsewhere);
  }

  /** Whether payloads are kept after they were sent. */
  boolean keepsPayloads() {
    return kept != null;
  }

  /** Whether a frame comes from the stream that the session has now. */
  boolean isCurrent(SessionOutput stream) {
    return stream == current;
  }

  /** Whether the session waits for its client. */
  boolean isDetached() {
    return current == null;
  }

  /**
   * Whether the client has to say what it has got before more can be sent: then its frames must be
   * read, however much of its work waits.
   */
  boolean awaitsAcknowledgement() {
    return kept != null && kept.cost() >= OVERDUE_BYTES;
  }

  /** Sends the frame that opens the session, which isn't kept. */
  void greet(OutboundFrame welcome) {
    greeted = true;
    if (current != null) {
      current.send(welcome);
    }
  }

  /**
   * The connection is cut.
   *
   * @return whether the session waits; false if it ends, since it can't be resumed or its client
   *     doesn't know yet how
   */
  boolean detach(long nanos) {
    current = null;
    if (kept == null || !greeted) {
      return false;
    }
    detachments++;
    meter.detached(nanos);
    return true;
  }

  /** Names this cut: a later one has another number. */
  long detachment() {
    return detachments;
  }

  /**
   * The client is back.
   *
   * @param stream takes the place of the one that was cut, or that is about to be found cut
   * @param receivedBytes the position up to which the client has got frames
   * @param resumed tells the client how far its own have come
   * @throws ProtocolException if the client's position can't be
   */
  void attach(SessionOutput stream, long receivedBytes, OutboundFrame resumed) {
    received(receivedBytes);
    SessionOutput before = current;
    current = stream;
    last = stream;
    stream.onReady(whenWritable);
    stream.send(resumed);
    if (kept != null) {
      kept.forEach(stream::send);
    }
    if (frameRequested) {
      stream.requestFrame();
    }
    meter.attached();
    if (before != null) {
      before.end(
          new ProtocolException(Reason.NOT_RESUMABLE, "the client goes on by another connection"));
    }
  }

  /**
   * A frame of the client says that it has frames up to a position. A frame that was sent again may
   * say less than the client has said when it came back.
   *
   * @throws ProtocolException if that can't be
   */
  void acknowledge(long position) {
    if (kept == null || position < 0 || position > kept.acknowledged()) {
      received(position);
    }
  }

  private void received(long position) {
    if (kept == null) {
      throw new ProtocolException(
          Reason.MALFORMED, "frames are acknowledged in a session that can't be resumed");
    }
    try {
      kept.acknowledge(position);
    } catch (WireException impossible) {
      throw new ProtocolException(Reason.MALFORMED, impossible.detail());
    }
  }

  @Override
  public void send(OutboundFrame frame) {
    OutboundFrame sent = kept == null ? frame : kept.keep(frame);
    if (current != null) {
      current.send(sent);
    }
  }

  @Override
  public boolean isReady() {
    return current != null && current.isReady() && (kept == null || kept.cost() < WINDOW_BYTES);
  }

  @Override
  public void onReady(Runnable listener) {
    whenWritable = listener;
    last.onReady(listener);
  }

  @Override
  public void requestFrame() {
    frameRequested = true;
    if (current != null) {
      current.requestFrame();
    }
  }

  /** A frame of the current stream has come. */
  void frameArrived() {
    frameRequested = false;
  }

  @Override
  public void end(ProtocolException cause) {
    current = null;
    last.end(cause);
  }

  /** The session is over: nothing is kept for its client. */
  void close() {
    if (kept != null) {
      kept.clear();
    }
  }

  /** Where the session has gone; null while it is here. */
  @Nullable String movedTo() {
    return movedTo;
  }

  /** Tells the client that the session goes on at another server; it is over here. */
  @Override
  public void moved(String server) {
    movedTo = server;
    SessionOutput stream = current;
    current = null;
    if (stream != null) {
      stream.moved(server);
    }
  }

  /** Writes down what the client may not have. */
  void describe(SessionImage.Link.Builder link) {
    KeptFrames frames = kept;
    if (frames != null) {
      link.setAcknowledged(frames.acknowledged());
      frames.forEach(each -> link.addKept(ByteString.copyFrom(each.toByteArray())));
    }
  }

  /**
   * Goes on where the server was that the session comes from, without a stream: the client knows
   * how to come.
   *
   * @param told what the client knows of the server where it began
   */
  void restore(Welcome told, SessionImage.Link link, long nanos) {
    toldElsewhere = told.toBuilder().clearDevices().build();
    KeptFrames frames = Objects.requireNonNull(kept);
    current = null;
    greeted = true;
    frames.startAt(link.getAcknowledged());
    for (ByteString each : link.getKeptList()) {
      byte[] frame = each.toByteArray();
      OutboundFrame unused = frames.keep(OutboundFrame.of(frame, 0, frame.length));
    }
    detachments++;
    meter.detached(nanos);
  }
}
