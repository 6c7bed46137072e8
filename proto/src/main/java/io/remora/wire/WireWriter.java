// SPDX-License-Identifier: Apache-2.0
package io.remora.wire;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Writes the protobuf wire format straight into an array that grows and is used again. Fields with
 * their default value are left out, as proto3 does, unless the method's name says {@code present}.
 * Not thread-safe.
 *
 * <p>A payload can be the last thing in a frame without being copied: {@link #tail} writes its tag
 * and length, and {@link #frame} joins the bytes behind it. After it only {@link #endMessage} may
 * follow, so messages put a payload behind their other fields.
 */
public final class WireWriter {
  private static final int VARINT_BYTES_MAX = 10;
  private static final int LENGTH_BYTES_MAX = 5;
  private static final int WIRE_VARINT = 0;
  private static final int WIRE_FIXED64 = 1;
  private static final int WIRE_LENGTH = 2;
  private static final int WIRE_FIXED32 = 5;

  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private byte[] array;
  private int position;
  private @Nullable ByteBuffer tail;

  /**
   * @param capacity bytes to begin with
   */
  public WireWriter(int capacity) {
    array = new byte[Math.max(capacity, 2 * VARINT_BYTES_MAX)];
  }

  /** Starts an empty message; frames made before must have been sent. */
  public void reset() {
    position = 0;
    tail = null;
  }

  /** Takes back everything from {@code mark}, an earlier {@link #position}. */
  public void truncate(int mark) {
    if (mark < 0 || mark > position) {
      throw new IllegalArgumentException("mark " + mark + " of " + position);
    }
    position = mark;
    tail = null;
  }

  /** Bytes written, without a tail. */
  public int position() {
    return position;
  }

  /** Bytes of the message, with a tail. */
  public int bytes() {
    return position + tailBytes();
  }

  /** What was written, as a frame that shares this writer's array until {@link #reset}. */
  public OutboundFrame frame() {
    OutboundFrame frame = OutboundFrame.of(array, 0, position);
    return tail == null ? frame : frame.withPayload(tail);
  }

  /** Reads what was written, without a tail; valid until something else is. */
  public WireReader reader() {
    return new WireReader(array, 0, position);
  }

  /** Adds what another writer has, which has no tail: whole fields. */
  public void append(WireWriter other) {
    if (other.tail != null) {
      throw new IllegalStateException("a tail can't be appended");
    }
    ensure(other.position);
    System.arraycopy(other.array, 0, array, position, other.position);
    position += other.position;
  }

  /** A copy of what was written, with a tail. */
  public byte[] toByteArray() {
    return frame().toByteArray();
  }

  /** int64, uint64, and with sign extension int32 and enums. */
  public void varint(int field, long value) {
    if (value != 0) {
      presentVarint(field, value);
    }
  }

  /** As {@link #varint}, also for 0: fields with explicit presence, and members of a oneof. */
  public void presentVarint(int field, long value) {
    ensure(2 * VARINT_BYTES_MAX);
    putTag(field, WIRE_VARINT);
    putVarint(value);
  }

  /** uint32: the value's 32 bits without sign extension. */
  public void unsigned32(int field, int value) {
    varint(field, value & 0xffff_ffffL);
  }

  /** bool. */
  public void bool(int field, boolean value) {
    varint(field, value ? 1 : 0);
  }

  /** sint32 and sint64. */
  public void zigZag(int field, long value) {
    varint(field, (value << 1) ^ (value >> 63));
  }

  /** fixed32 and sfixed32. */
  public void fixed32(int field, int value) {
    if (value != 0) {
      presentFixed32(field, value);
    }
  }

  /** fixed64 and sfixed64. */
  public void fixed64(int field, long value) {
    if (value != 0) {
      ensure(LENGTH_BYTES_MAX + Long.BYTES);
      putTag(field, WIRE_FIXED64);
      LONGS.set(array, position, value);
      position += Long.BYTES;
    }
  }

  /** float, bit for bit; only +0 is the default. */
  public void float32(int field, float value) {
    fixed32(field, Float.floatToRawIntBits(value));
  }

  /** double, bit for bit; only +0 is the default. */
  public void float64(int field, double value) {
    fixed64(field, Double.doubleToRawLongBits(value));
  }

  /** As {@link #fixed32}, also for 0. */
  public void presentFixed32(int field, int value) {
    ensure(LENGTH_BYTES_MAX + Integer.BYTES);
    putTag(field, WIRE_FIXED32);
    INTS.set(array, position, value);
    position += Integer.BYTES;
  }

  /** bytes. */
  public void bytes(int field, byte[] value) {
    if (value.length != 0) {
      presentBytes(field, value, 0, value.length);
    }
  }

  /** bytes, also if empty: elements of a repeated field. */
  public void presentBytes(int field, byte[] value, int offset, int length) {
    putLengthHeader(field, length, length);
    System.arraycopy(value, offset, array, position, length);
    position += length;
  }

  /** bytes: a copy of all that remains in a buffer, whose position stays. */
  public void bytes(int field, ByteBuffer value) {
    int length = value.remaining();
    if (length != 0) {
      putLengthHeader(field, length, length);
      value.get(value.position(), array, position, length);
      position += length;
    }
  }

  /** string. */
  public void string(int field, String value) {
    if (!value.isEmpty()) {
      byte[] encoded = value.getBytes(StandardCharsets.UTF_8);
      presentBytes(field, encoded, 0, encoded.length);
    }
  }

  /** A packed repeated varint field: int32, int64, uint64, bool, enum. */
  public void packedVarints(int field, long... values) {
    if (values.length == 0) {
      return;
    }
    int message = beginMessage(field);
    for (long value : values) {
      rawVarint(value);
    }
    endMessage(message);
  }

  /** One varint without a tag, inside a packed field. */
  public void rawVarint(long value) {
    ensure(VARINT_BYTES_MAX);
    putVarint(value);
  }

  /**
   * Begins a nested message, which is written even if it stays empty.
   *
   * @return what {@link #endMessage} wants
   */
  public int beginMessage(int field) {
    ensure(2 * LENGTH_BYTES_MAX);
    putTag(field, WIRE_LENGTH);
    // One byte is reserved for the length; most messages are shorter than 128 bytes.
    return ++position;
  }

  /** Ends a nested message: its length is put before it. */
  public void endMessage(int start) {
    int written = position - start;
    int length = written + tailBytes();
    if (length < 0x80) {
      array[start - 1] = (byte) length;
      return;
    }
    int extra = varintBytes(length) - 1;
    grow(extra);
    System.arraycopy(array, start, array, start + extra, written);
    position = start - 1;
    putVarint(length);
    position += written;
  }

  /**
   * A bytes field that ends the frame and is not copied. The buffer must keep its contents until
   * the frame is sent; only {@link #endMessage} and {@link #frame} may follow.
   */
  public void tail(int field, ByteBuffer payload) {
    if (!payload.hasRemaining()) {
      return;
    }
    putLengthHeader(field, payload.remaining(), 0);
    tail = payload;
  }

  private int tailBytes() {
    return tail == null ? 0 : tail.remaining();
  }

  private void putLengthHeader(int field, int length, int copied) {
    ensure(2 * LENGTH_BYTES_MAX + copied);
    putTag(field, WIRE_LENGTH);
    putVarint(length);
  }

  private void putTag(int field, int wireType) {
    int tag = field << 3 | wireType;
    if (tag > 0 && tag < 0x80) {
      array[position++] = (byte) tag;
    } else {
      putVarint(tag & 0xffff_ffffL);
    }
  }

  private void putVarint(long value) {
    byte[] into = array;
    int at = position;
    long rest = value;
    while ((rest & ~0x7fL) != 0) {
      into[at++] = (byte) (rest | 0x80);
      rest >>>= 7;
    }
    into[at++] = (byte) rest;
    position = at;
  }

  private static int varintBytes(int value) {
    return (Integer.SIZE - Integer.numberOfLeadingZeros(value) + 6) / 7;
  }

  /** Every write passes here; a tail must stay the end of the message. */
  private void ensure(int bytes) {
    if (tail != null) {
      throw new IllegalStateException("fields must not follow a tail");
    }
    grow(bytes);
  }

  private void grow(int bytes) {
    if (array.length - position < bytes) {
      int needed = Math.addExact(position, bytes);
      array = Arrays.copyOf(array, Math.max(needed, (int) Math.min(2L * array.length, 1 << 30)));
    }
  }
}
