// SPDX-License-Identifier: Apache-2.0
package io.remora.wire;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The reader and the writer against protobuf's own, on random messages. */
final class WireRoundTripTest {
  private SplittableRandom random = new SplittableRandom(0);

  @BeforeEach
  void seed() {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("WireRoundTripTest -Dseed=" + seed);
    random = new SplittableRandom(seed);
  }

  @Test
  void theWriterWritesWhatProtobufWrites() throws IOException {
    for (int round = 0; round < 2_000; round++) {
      List<Field> message = randomMessage(0);
      WireWriter writer = new WireWriter(1);
      write(message, writer);
      assertThat(writer.toByteArray()).isEqualTo(protobuf(message));
      assertThat(writer.bytes()).isEqualTo(writer.toByteArray().length);
    }
  }

  @Test
  void theReaderReadsWhatProtobufWrote() throws IOException {
    for (int round = 0; round < 2_000; round++) {
      List<Field> message = randomMessage(0);
      byte[] bytes = protobuf(message);
      byte[] shifted = new byte[bytes.length + 7];
      System.arraycopy(bytes, 0, shifted, 3, bytes.length);
      expect(new WireReader(shifted, 3, bytes.length), message);
    }
  }

  @Test
  void aFrameInTwoBuffersReadsTheSameWhereverItIsSplit() throws IOException {
    for (int round = 0; round < 20; round++) {
      List<Field> message = randomMessage(0);
      byte[] bytes = protobuf(message);
      for (int split = 0; split <= bytes.length; split++) {
        List<ByteBuffer> parts =
            List.of(direct(bytes, 0, split), direct(bytes, split, bytes.length));
        expect(InboundFrame.of(parts, () -> {}).reader(), message);
      }
    }
  }

  @Test
  void aFrameInManyBuffersReadsTheSame() throws IOException {
    for (int round = 0; round < 200; round++) {
      List<Field> message = randomMessage(0);
      byte[] bytes = protobuf(message);
      List<ByteBuffer> parts = new ArrayList<>();
      for (int at = 0; at < bytes.length; ) {
        int next = Math.min(bytes.length, at + random.nextInt(0, 900));
        parts.add(direct(bytes, at, next));
        at = next;
      }
      expect(InboundFrame.of(parts, () -> {}).reader(), message);
    }
  }

  @Test
  void unknownFieldsAreSkipped() throws IOException {
    for (int round = 0; round < 500; round++) {
      byte[] bytes = protobuf(randomMessage(0));
      WireReader reader =
          InboundFrame.of(List.of(direct(bytes, 0, bytes.length)), () -> {}).reader();
      for (int tag = reader.readTag(); tag != 0; tag = reader.readTag()) {
        reader.skip(tag);
      }
      assertThat(reader.offset()).isEqualTo(bytes.length);
    }
  }

  @Test
  void protobufReadsEveryNumberThatTheWriterWrites() throws IOException {
    for (int bits = 0; bits <= 64; bits++) {
      long value = bits == 64 ? -1L : (1L << bits) - 1;
      WireWriter writer = new WireWriter(1);
      writer.presentVarint(1, value);
      writer.zigZag(2, value + 5);
      CodedInputStream input = CodedInputStream.newInstance(writer.toByteArray());
      input.readTag();
      assertThat(input.readInt64()).isEqualTo(value);
      input.readTag();
      assertThat(input.readSInt64()).isEqualTo(value + 5);
    }
  }

  @Test
  void defaultsAreLeftOut() {
    WireWriter writer = new WireWriter(1);
    writer.varint(1, 0);
    writer.bool(2, false);
    writer.float32(3, 0f);
    writer.float64(4, 0);
    writer.string(5, "");
    writer.bytes(6, new byte[0]);
    writer.packedVarints(7);
    writer.tail(8, ByteBuffer.allocate(0));
    assertThat(writer.bytes()).isZero();
    writer.float32(3, -0f);
    assertThat(writer.bytes()).isEqualTo(5);
  }

  private sealed interface Field {
    int number();
  }

  private record Varint(int number, long value) implements Field {}

  private record Fixed32(int number, int value) implements Field {}

  private record Fixed64(int number, long value) implements Field {}

  private record Text(int number, String value) implements Field {}

  private record Bytes(int number, byte[] value) implements Field {}

  private record Nested(int number, List<Field> value) implements Field {}

  private List<Field> randomMessage(int depth) {
    List<Field> fields = new ArrayList<>();
    int count = random.nextInt(0, 12);
    for (int i = 0; i < count; i++) {
      int number = 1 + (random.nextInt(4) == 0 ? random.nextInt(1 << 28) : random.nextInt(20));
      fields.add(randomField(number, depth));
    }
    return fields;
  }

  private Field randomField(int number, int depth) {
    return switch (random.nextInt(depth < 4 ? 6 : 5)) {
      // Never a default value: whether those are written is another test's business.
      case 0 -> new Varint(number, (random.nextLong() >>> random.nextInt(64)) | 1);
      case 1 -> new Fixed32(number, random.nextInt() | 1);
      case 2 -> new Fixed64(number, random.nextLong() | 1);
      case 3 -> new Text(number, randomText());
      case 4 -> new Bytes(number, randomBytes());
      default -> new Nested(number, randomMessage(depth + 1));
    };
  }

  private String randomText() {
    StringBuilder text = new StringBuilder("x");
    int length = random.nextInt(200);
    int[] ranges = {0x80, 0x80, 0x800, 0xd800, 0x10000};
    int range = ranges[random.nextInt(ranges.length)];
    for (int i = 0; i < length; i++) {
      int codePoint = random.nextInt(range);
      // Half a surrogate pair is not text, and has no encoding.
      boolean surrogate = codePoint >= Character.MIN_SURROGATE && codePoint < 0xe000;
      text.appendCodePoint(surrogate ? 'a' : codePoint);
    }
    if (random.nextBoolean()) {
      text.appendCodePoint(0x1f41f);
    }
    return text.toString();
  }

  private byte[] randomBytes() {
    byte[] bytes = new byte[1 + random.nextInt(random.nextInt(20) == 0 ? 20_000 : 200)];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] protobuf(List<Field> message) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(bytes);
    for (Field field : message) {
      if (field instanceof Varint varint) {
        out.writeUInt64(varint.number, varint.value);
      } else if (field instanceof Fixed32 fixed) {
        out.writeFixed32(fixed.number, fixed.value);
      } else if (field instanceof Fixed64 fixed) {
        out.writeFixed64(fixed.number, fixed.value);
      } else if (field instanceof Text text) {
        out.writeString(text.number, text.value);
      } else if (field instanceof Bytes data) {
        out.writeByteArray(data.number, data.value);
      } else if (field instanceof Nested nested) {
        out.writeByteArray(nested.number, protobuf(nested.value));
      }
    }
    out.flush();
    return bytes.toByteArray();
  }

  private static void write(List<Field> message, WireWriter out) {
    for (Field field : message) {
      if (field instanceof Varint varint) {
        out.varint(varint.number, varint.value);
      } else if (field instanceof Fixed32 fixed) {
        out.float32(fixed.number, Float.intBitsToFloat(fixed.value));
      } else if (field instanceof Fixed64 fixed) {
        out.fixed64(fixed.number, fixed.value);
      } else if (field instanceof Text text) {
        out.string(text.number, text.value);
      } else if (field instanceof Bytes data) {
        out.bytes(data.number, ByteBuffer.wrap(data.value));
      } else if (field instanceof Nested nested) {
        int start = out.beginMessage(nested.number);
        write(nested.value, out);
        out.endMessage(start);
      }
    }
  }

  private void expect(WireReader in, List<Field> message) {
    for (Field field : message) {
      assertThat(in.readTag() >>> 3).isEqualTo(field.number());
      if (field instanceof Varint varint) {
        assertThat(in.readVarint64()).isEqualTo(varint.value);
      } else if (field instanceof Fixed32 fixed) {
        assertThat(in.readFixed32()).isEqualTo(fixed.value);
      } else if (field instanceof Fixed64 fixed) {
        assertThat(in.readFixed64()).isEqualTo(fixed.value);
      } else if (field instanceof Text text) {
        assertThat(in.readString()).isEqualTo(text.value);
      } else if (field instanceof Bytes data) {
        assertThat(random.nextBoolean() ? in.readBytes() : in.readPayload().toByteArray())
            .isEqualTo(data.value);
      } else if (field instanceof Nested nested) {
        int outer = in.pushLimit(in.readLength());
        expect(in, nested.value);
        in.popLimit(outer);
      }
    }
    assertThat(in.readTag()).isZero();
    assertThat(in.atEnd()).isTrue();
  }

  private static ByteBuffer direct(byte[] bytes, int from, int to) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(to - from + 2);
    buffer.position(1).limit(1 + to - from);
    buffer.put(1, bytes, from, to - from);
    return buffer;
  }

  @Test
  void textOutsideAsciiCrossesBufferBorders() {
    String text = "rémora 🐟".repeat(400);
    WireWriter writer = new WireWriter(1);
    writer.string(1, text);
    byte[] bytes = writer.toByteArray();
    assertThat(bytes.length).isGreaterThan(text.getBytes(StandardCharsets.UTF_8).length);
    for (int split = 0; split < bytes.length; split += 97) {
      WireReader reader =
          InboundFrame.of(
                  List.of(direct(bytes, 0, split), direct(bytes, split, bytes.length)), () -> {})
              .reader();
      reader.readTag();
      assertThat(reader.readString()).isEqualTo(text);
    }
  }
}
