// SPDX-License-Identifier: Apache-2.0
package io.remora.wire;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import java.util.Arrays;
import java.util.List;

/**
 * Fields of more than one value, and messages inside messages, for generated codecs. Numbers are
 * packed; a packed field may occur only once, as every protobuf writer puts it, so that reading
 * takes time in proportion to the input.
 */
public final class Repeated {
  /** A field that is absent. */
  public static final long[] NO_LONGS = new long[0];

  /** A field that is absent. */
  public static final int[] NO_INTS = new int[0];

  /** A field that is absent. */
  public static final byte[] NO_BYTES = new byte[0];

  private Repeated() {}

  /**
   * Reads a packed field of 64-bit varints.
   *
   * @param before what was read of this field so far
   */
  public static long[] longs(WireReader in, long[] before) {
    once(before.length);
    int length = in.readLength();
    int outer = in.pushLimit(length);
    // Every varint takes a byte or more.
    long[] values = new long[length];
    int count = 0;
    while (!in.atEnd()) {
      values[count++] = in.readVarint64();
    }
    in.popLimit(outer);
    return Arrays.copyOf(values, count);
  }

  /**
   * Reads a packed field of 32-bit varints.
   *
   * @param before what was read of this field so far
   */
  public static int[] ints(WireReader in, int[] before) {
    once(before.length);
    int length = in.readLength();
    int outer = in.pushLimit(length);
    int[] values = new int[length];
    int count = 0;
    while (!in.atEnd()) {
      values[count++] = in.readVarint32();
    }
    in.popLimit(outer);
    return Arrays.copyOf(values, count);
  }

  /** Reads a message into its protobuf class: for messages that are rare. */
  public static <T extends MessageLite> T message(WireReader in, Parser<T> parser) {
    try {
      return parser.parseFrom(in.readBytes());
    } catch (InvalidProtocolBufferException malformed) {
      throw new WireException("a message inside the arguments is malformed");
    }
  }

  /** Writes a packed field. */
  public static void write(WireWriter out, int field, long[] values) {
    out.packedVarints(field, values);
  }

  /** Writes a packed field of {@code int32} or, without sign extension, {@code uint32}. */
  public static void write(WireWriter out, int field, int[] values, boolean unsigned) {
    if (values.length == 0) {
      return;
    }
    int start = out.beginMessage(field);
    for (int value : values) {
      out.rawVarint(unsigned ? value & 0xffff_ffffL : value);
    }
    out.endMessage(start);
  }

  /** Writes one field for each string, empty ones too. */
  public static void writeStrings(WireWriter out, int field, List<String> values) {
    for (String value : values) {
      byte[] encoded = value.getBytes(java.nio.charset.StandardCharsets.UTF_8);
      out.presentBytes(field, encoded, 0, encoded.length);
    }
  }

  /** Writes one field for each array, empty ones too. */
  public static void writeArrays(WireWriter out, int field, List<byte[]> values) {
    for (byte[] value : values) {
      out.presentBytes(field, value, 0, value.length);
    }
  }

  /** Writes one field for each message, empty ones too. */
  public static void writeMessages(WireWriter out, int field, List<? extends MessageLite> values) {
    for (MessageLite value : values) {
      byte[] encoded = value.toByteArray();
      out.presentBytes(field, encoded, 0, encoded.length);
    }
  }

  private static void once(int before) {
    if (before != 0) {
      throw new WireException("a packed field occurs more than once");
    }
  }
}
