// SPDX-License-Identifier: Apache-2.0
package io.remora.wire;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The frames of one direction that were sent and that the peer may not have: kept until it says
 * that they have come, and sent again when a cut connection is replaced. Frames are known by their
 * positions, the sum of the sizes of all frames up to their end. How many are kept is bounded by
 * who sends. Not thread-safe.
 */
public final class KeptFrames {
  /** What a frame costs beside its bytes. */
  private static final int FRAME_COST = 64;

  private final Deque<Kept> frames = new ArrayDeque<>();
  private final Consumer<ByteBuffer> released;
  private long sent;
  private long acknowledged;
  private int lent;

  private static final class Kept {
    final long end;
    OutboundFrame frame;
    boolean lent;

    Kept(long end, OutboundFrame frame, boolean lent) {
      this.end = end;
      this.frame = frame;
      this.lent = lent;
    }
  }

  /**
   * @param released gets each payload that isn't needed any more, but for those that were lent
   */
  public KeptFrames(Consumer<ByteBuffer> released) {
    this.released = released;
  }

  /**
   * Keeps a frame that is about to be sent. Its encoded bytes are copied, its payload isn't: it
   * must keep its contents until it is released.
   *
   * @return the frame that lasts
   */
  public OutboundFrame keep(OutboundFrame frame) {
    return add(frame.withOwnHead(), false);
  }

  /**
   * As {@link #keep}, for a payload that must keep its contents until {@link #own} only.
   *
   * @return the frame that lasts
   */
  public OutboundFrame keepLent(OutboundFrame frame) {
    return add(frame.withOwnHead(), frame.payload() != null);
  }

  /**
   * Payloads that were lent may change from now on: copies those that the peer may not have.
   *
   * @param place takes a copy of a payload
   */
  public void own(PayloadPlaces place) {
    if (lent == 0) {
      return;
    }
    for (Kept each : frames) {
      ByteBuffer payload = each.frame.payload();
      if (each.lent && payload != null) {
        ByteBuffer copy = place.of(payload.remaining());
        copy.put(payload.duplicate()).flip();
        each.frame = each.frame.withPayloadAt(copy);
        each.lent = false;
      }
    }
    lent = 0;
  }

  /** Where copies of payloads lie. */
  @FunctionalInterface
  public interface PayloadPlaces {
    /** An empty buffer with room for so many bytes. */
    ByteBuffer of(int bytes);
  }

  /**
   * Goes on where another one was, before anything is kept.
   *
   * @param position up to which the peer has all frames
   */
  public void startAt(long position) {
    if (sent != 0 || position < 0) {
      throw new IllegalStateException("frames can't be counted from " + position);
    }
    sent = position;
    acknowledged = position;
  }

  private OutboundFrame add(OutboundFrame frame, boolean isLent) {
    sent += frame.bytes();
    frames.add(new Kept(sent, frame, isLent));
    lent += isLent ? 1 : 0;
    return frame;
  }

  /** The position behind the last frame. */
  public long sent() {
    return sent;
  }

  /** The position up to which the peer has all frames. */
  public long acknowledged() {
    return acknowledged;
  }

  /** What the kept frames cost, in bytes. */
  public long cost() {
    return sent - acknowledged + (long) FRAME_COST * frames.size();
  }

  /**
   * The peer has all frames up to a position.
   *
   * @throws WireException if that isn't the end of a frame that was sent, or lies before what was
   *     acknowledged earlier
   */
  public void acknowledge(long position) {
    if (position < acknowledged || position > sent) {
      throw new WireException(
          "position "
              + Long.toUnsignedString(position)
              + " is acknowledged, what lies between "
              + acknowledged
              + " and "
              + sent
              + " can be");
    }
    Kept first = frames.peek();
    while (first != null && first.end <= position) {
      frames.remove();
      acknowledged = first.end;
      release(first);
      first = frames.peek();
    }
    if (acknowledged != position) {
      throw new WireException("position " + position + " is acknowledged, and lies in a frame");
    }
  }

  private void release(Kept kept) {
    lent -= kept.lent ? 1 : 0;
    @Nullable ByteBuffer payload = kept.frame.payload();
    if (payload != null && !kept.lent) {
      released.accept(payload);
    }
  }

  /** All frames that the peer may not have, in their order. */
  public void forEach(Consumer<OutboundFrame> again) {
    frames.forEach(each -> again.accept(each.frame));
  }

  /** Keeps nothing any more. */
  public void clear() {
    frames.forEach(this::release);
    frames.clear();
    acknowledged = sent;
  }
}
