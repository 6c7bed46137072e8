// SPDX-License-Identifier: Apache-2.0
package io.remora.wire;

import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One message to send: encoded bytes, and at its end possibly a payload that stays where it is.
 * gRPC copies both into the transport's buffer while {@code sendMessage} runs, so they may be
 * changed after it returned; only a client whose stream is not open yet must leave them alone until
 * the first answer has come.
 */
public final class OutboundFrame {
  private static final int DRAIN_BYTES = 32 << 10;

  private final byte[] array;
  private final int offset;
  private final int length;
  private final @Nullable ByteBuffer payload;

  private OutboundFrame(byte[] array, int offset, int length, @Nullable ByteBuffer payload) {
    this.array = array;
    this.offset = offset;
    this.length = length;
    this.payload = payload;
  }

  /** A message that is {@code length} bytes of an array; the array isn't copied. */
  public static OutboundFrame of(byte[] array, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, array.length);
    return new OutboundFrame(array, offset, length, null);
  }

  /**
   * This frame with the remaining bytes of a buffer after it. The tag and length before them are in
   * the frame already; see {@link WireWriter#tail}.
   */
  public OutboundFrame withPayload(ByteBuffer tail) {
    if (payload != null) {
      throw new IllegalStateException("a frame has one payload at most");
    }
    Math.addExact(length, tail.remaining());
    return new OutboundFrame(array, offset, length, tail.duplicate());
  }

  /** The payload, or null. */
  public @Nullable ByteBuffer payload() {
    return payload;
  }

  /** This frame with its encoded bytes copied; the payload stays where it is. */
  OutboundFrame withOwnHead() {
    byte[] copy = new byte[length];
    System.arraycopy(array, offset, copy, 0, length);
    return new OutboundFrame(copy, 0, length, payload);
  }

  /** This frame with another place for the same payload. */
  OutboundFrame withPayloadAt(ByteBuffer place) {
    return new OutboundFrame(array, offset, length, place);
  }

  /** The size of the message in bytes. */
  public int bytes() {
    return payload == null ? length : length + payload.remaining();
  }

  /** The message as one array, for tests and logs. */
  public byte[] toByteArray() {
    byte[] copy = new byte[bytes()];
    System.arraycopy(array, offset, copy, 0, length);
    if (payload != null) {
      payload.get(payload.position(), copy, length, payload.remaining());
    }
    return copy;
  }

  /** The message as gRPC wants it. */
  InputStream stream() {
    return new FrameStream(this);
  }

  private static final class FrameStream extends InputStream implements KnownLength, Drainable {
    private final ByteBuffer head;
    private final @Nullable ByteBuffer tail;

    FrameStream(OutboundFrame frame) {
      head = ByteBuffer.wrap(frame.array, frame.offset, frame.length);
      tail = frame.payload == null ? null : frame.payload.duplicate();
    }

    @Override
    public int available() {
      return head.remaining() + (tail == null ? 0 : tail.remaining());
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      int bytes = available();
      drain(head, target);
      if (tail != null) {
        drain(tail, target);
      }
      return bytes;
    }

    private static void drain(ByteBuffer from, OutputStream target) throws IOException {
      if (from.hasArray()) {
        target.write(from.array(), from.arrayOffset() + from.position(), from.remaining());
        from.position(from.limit());
        return;
      }
      byte[] scratch = new byte[Math.min(DRAIN_BYTES, from.remaining())];
      while (from.hasRemaining()) {
        int part = Math.min(scratch.length, from.remaining());
        from.get(scratch, 0, part);
        target.write(scratch, 0, part);
      }
    }

    @Override
    public int read() {
      ByteBuffer from = current();
      return from == null ? -1 : from.get() & 0xff;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
      if (length == 0) {
        return 0;
      }
      ByteBuffer from = current();
      if (from == null) {
        return -1;
      }
      int part = Math.min(length, from.remaining());
      from.get(into, offset, part);
      return part;
    }

    private @Nullable ByteBuffer current() {
      if (head.hasRemaining()) {
        return head;
      }
      return tail != null && tail.hasRemaining() ? tail : null;
    }
  }
}
