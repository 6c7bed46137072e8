// SPDX-License-Identifier: Apache-2.0
package io.remora.wire;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Reads the protobuf wire format straight from a frame, without message objects. One reader serves
 * a whole frame: nested messages are entered with {@link #pushLimit} and left with {@link
 * #popLimit}, so input can't make it recurse. Anything malformed is a {@link WireException}, after
 * which the reader must not be used. Not thread-safe; valid until its frame is closed.
 *
 * <p>It reads from an array. For a frame in several buffers the array is a window that moves over
 * them; payloads are not read through the window but sliced out of the buffers.
 */
public final class WireReader {
  /** Enough for what stands before a payload; a payload moves the window past it. */
  private static final int WINDOW_BYTES_MAX = 2048;

  private static final int VARINT_BYTES_MAX = 10;

  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Null where {@link #window} is the whole frame. */
  private final @Nullable Segments segments;

  private final byte[] window;
  private final int frameBytes;

  /** The offset in the frame of window[0]; negative if the frame begins later in the array. */
  private int windowStart;

  /** Next byte to read, in the window. */
  private int position;

  /** Where the window's contents end. */
  private int filled;

  /** Where reading must stop in the window: its contents or the current message end here. */
  private int end;

  /** Where the current message ends, as an offset in the frame. */
  private int limit;

  /** A reader of a message in an array. */
  public WireReader(byte[] array, int offset, int length) {
    segments = null;
    window = array;
    windowStart = -offset;
    position = offset;
    filled = offset + length;
    frameBytes = length;
    limit = length;
    end = filled;
  }

  WireReader(Segments segments) {
    this.segments = segments;
    frameBytes = segments.bytes();
    window = new byte[Math.min(WINDOW_BYTES_MAX, frameBytes)];
    limit = frameBytes;
  }

  /**
   * The next field's tag: its number times 8 plus its wire type; 0 at the end of the current
   * message.
   */
  public int readTag() {
    int at = position;
    if (at < end && window[at] >= 1 << 3) {
      // A field number below 16: one byte.
      position = at + 1;
      return window[at];
    }
    if (atEnd()) {
      return 0;
    }
    long tag = readVarint64();
    if (tag >>> 32 != 0 || tag >>> 3 == 0) {
      throw new WireException("a field's tag is out of range");
    }
    return (int) tag;
  }

  /** Whether the current message has been read to its end. */
  public boolean atEnd() {
    return position == end && windowStart + position == limit;
  }

  /** Bytes that the current message still has. */
  public int remaining() {
    return limit - offset();
  }

  /** Offset of the next byte in the frame. */
  public int offset() {
    return windowStart + position;
  }

  /** Reads a varint of up to 64 bits: int64, uint64, bool, enum, and the length of anything. */
  public long readVarint64() {
    int at = position;
    if (at < end) {
      byte first = window[at];
      if (first >= 0) {
        position = at + 1;
        return first;
      }
    }
    return end - at >= VARINT_BYTES_MAX ? readLongVarint(at) : readSplitVarint();
  }

  /** Reads a varint and keeps its low 32 bits, as protobuf does for int32 and uint32. */
  public int readVarint32() {
    return (int) readVarint64();
  }

  /** Reads a varint as a bool. */
  public boolean readBool() {
    return readVarint64() != 0;
  }

  /** Reads a zigzag varint: sint32 or sint64. */
  public long readZigZag64() {
    long value = readVarint64();
    return (value >>> 1) ^ -(value & 1);
  }

  /** Reads four bytes, the least significant first. */
  public int readFixed32() {
    if (end - position >= Integer.BYTES) {
      int value = (int) INTS.get(window, position);
      position += Integer.BYTES;
      return value;
    }
    int value = 0;
    for (int shift = 0; shift < Integer.SIZE; shift += Byte.SIZE) {
      value |= (readByte() & 0xff) << shift;
    }
    return value;
  }

  /** Reads eight bytes, the least significant first. */
  public long readFixed64() {
    if (end - position >= Long.BYTES) {
      long value = (long) LONGS.get(window, position);
      position += Long.BYTES;
      return value;
    }
    long low = readFixed32() & 0xffff_ffffL;
    return low | (long) readFixed32() << 32;
  }

  /** Reads a float, bit for bit. */
  public float readFloat() {
    return Float.intBitsToFloat(readFixed32());
  }

  /** Reads a double, bit for bit. */
  public double readDouble() {
    return Double.longBitsToDouble(readFixed64());
  }

  /** Reads the length of a length-delimited field; it lies within the current message. */
  public int readLength() {
    long length = readVarint64();
    if (length < 0 || length > remaining()) {
      throw new WireException("a field is longer than the message around it");
    }
    return (int) length;
  }

  /** Reads a length and as many bytes, into an array of their own. */
  public byte[] readBytes() {
    byte[] bytes = new byte[readLength()];
    copyOut(bytes, 0, bytes.length);
    return bytes;
  }

  /** Reads what the current message still has, into an array of its own. */
  public byte[] readRest() {
    byte[] bytes = new byte[remaining()];
    copyOut(bytes, 0, bytes.length);
    return bytes;
  }

  /** Reads a length and as many bytes of well-formed UTF-8. */
  public String readString() {
    int length = readLength();
    if (end - position >= length && isAscii(position, length)) {
      String text = new String(window, position, length, StandardCharsets.ISO_8859_1);
      position += length;
      return text;
    }
    byte[] bytes = new byte[length];
    copyOut(bytes, 0, length);
    try {
      CharBuffer text =
          StandardCharsets.UTF_8
              .newDecoder()
              .onMalformedInput(CodingErrorAction.REPORT)
              .onUnmappableCharacter(CodingErrorAction.REPORT)
              .decode(ByteBuffer.wrap(bytes));
      return text.toString();
    } catch (CharacterCodingException e) {
      throw new WireException("a string is not well-formed UTF-8");
    }
  }

  /** Reads a length and steps over as many bytes, which stay where they are. */
  public Payload readPayload() {
    int length = readLength();
    if (length == 0) {
      return Payload.EMPTY;
    }
    ByteBuffer[] slices =
        segments == null
            ? new ByteBuffer[] {ByteBuffer.wrap(window, position, length).slice()}
            : segments.slices(offset(), length);
    skipBytes(length);
    return new Payload(slices, length);
  }

  /**
   * Makes the next {@code length} bytes the current message.
   *
   * @param length from {@link #readLength}, or checked here
   * @return the limit to give to {@link #popLimit}
   */
  public int pushLimit(int length) {
    if (length < 0 || length > remaining()) {
      throw new WireException("a message is longer than the message around it");
    }
    int outer = limit;
    setLimit(offset() + length);
    return outer;
  }

  /**
   * Goes back to the message around the current one; what is left of the current one is skipped.
   */
  public void popLimit(int outer) {
    skipBytes(remaining());
    setLimit(outer);
  }

  /** Steps over the value of a field whose tag was read. */
  public void skip(int tag) {
    switch (tag & 7) {
      case 0 -> readVarint64();
      case 1 -> skipBytes(Long.BYTES);
      case 2 -> skipBytes(readLength());
      case 5 -> skipBytes(Integer.BYTES);
      default -> throw new WireException("a field has a wire type that proto3 doesn't use");
    }
  }

  private long readLongVarint(int start) {
    byte[] bytes = window;
    int at = start;
    long value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      byte next = bytes[at++];
      value |= (next & 0x7fL) << shift;
      if (next >= 0) {
        position = at;
        return value;
      }
    }
    value |= lastVarintByte(bytes[at++]);
    position = at;
    return value;
  }

  private long readSplitVarint() {
    long value = 0;
    for (int shift = 0; shift < 63; shift += 7) {
      byte next = readByte();
      value |= (next & 0x7fL) << shift;
      if (next >= 0) {
        return value;
      }
    }
    return value | lastVarintByte(readByte());
  }

  /** The tenth byte holds the last of 64 bits. */
  private static long lastVarintByte(byte last) {
    if ((last & 0xfe) != 0) {
      throw new WireException("a number has more than 64 bits");
    }
    return (long) last << 63;
  }

  private byte readByte() {
    if (position == end) {
      refill();
    }
    return window[position++];
  }

  /** Moves the window to the next byte to read, which must exist in the current message. */
  private void refill() {
    int at = offset();
    if (segments == null || at >= limit) {
      throw new WireException("a message ends in the middle of a field");
    }
    int length = Math.min(window.length, frameBytes - at);
    segments.copy(at, window, 0, length);
    windowStart = at;
    position = 0;
    filled = length;
    setLimit(limit);
  }

  private void copyOut(byte[] into, int at, int length) {
    if (segments == null) {
      System.arraycopy(window, position, into, at, length);
    } else {
      segments.copy(offset(), into, at, length);
    }
    skipBytes(length);
  }

  private void skipBytes(int length) {
    if (length > remaining()) {
      throw new WireException("a message ends in the middle of a field");
    }
    if (length <= end - position) {
      position += length;
      return;
    }
    // Beyond the window: empty it there, the next read fills it.
    windowStart = offset() + length;
    position = 0;
    filled = 0;
    setLimit(limit);
  }

  private void setLimit(int newLimit) {
    limit = newLimit;
    end = Math.min(filled, newLimit - windowStart);
  }

  private boolean isAscii(int start, int length) {
    int all = 0;
    for (int i = start; i < start + length; i++) {
      all |= window[i];
    }
    return all >= 0;
  }
}
