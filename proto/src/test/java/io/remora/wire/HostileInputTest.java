// SPDX-License-Identifier: Apache-2.0
package io.remora.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Whatever arrives, the reader ends with a value or a {@link WireException}. */
final class HostileInputTest {
  @Test
  void aNumberThatDoesNotEndIsRefused() {
    refused(bytes(0x80, 0x80), WireReader::readVarint64, "middle of a field");
    byte[] long10 = bytes(255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1);
    refused(long10, WireReader::readVarint64, "more than 64 bits");
  }

  @Test
  void aNumberOfMoreThan64BitsIsRefused() {
    byte[] tooMuch = bytes(255, 255, 255, 255, 255, 255, 255, 255, 255, 2);
    refused(tooMuch, WireReader::readVarint64, "more than 64 bits");
  }

  @Test
  void tagsOutOfRangeAreRefused() {
    refused(bytes(0), WireReader::readTag, "tag");
    refused(bytes(7), WireReader::readTag, "tag");
    refused(bytes(0xff, 0xff, 0xff, 0xff, 0xff, 1), WireReader::readTag, "tag");
  }

  @Test
  void groupsAreRefused() {
    for (int wireType : new int[] {3, 4, 6, 7}) {
      refused(bytes(8 | wireType), in -> in.skip(in.readTag()), "wire type");
    }
  }

  @Test
  void lengthsBeyondTheMessageAreRefusedBeforeMemoryIsTaken() {
    byte[] huge = bytes(0x0a, 0xff, 0xff, 0xff, 0xff, 0x07, 1, 2, 3);
    refused(huge, in -> in.skip(in.readTag()), "longer than");
    refused(huge, HostileInputTest::readBytesField, "longer than");
    byte[] negative = bytes(0x0a, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1);
    refused(negative, HostileInputTest::readBytesField, "longer than");
  }

  @Test
  void aNestedMessageCannotReachBeyondTheOneAroundIt() {
    byte[] nested = bytes(0x0a, 4, 0x0a, 5, 1, 2, 3, 4, 5);
    refused(
        nested,
        in -> {
          in.readTag();
          in.pushLimit(in.readLength());
          in.readTag();
          in.readPayload();
        },
        "longer than");
    refused(nested, in -> in.pushLimit(10), "longer than");
    refused(nested, in -> in.pushLimit(-1), "longer than");
  }

  @Test
  void fixedNumbersCutShortAreRefused() {
    refused(bytes(1, 2, 3), WireReader::readFixed32, "middle of a field");
    refused(bytes(1, 2, 3, 4, 5, 6, 7), WireReader::readFixed64, "middle of a field");
    refused(bytes(0x0d, 1, 2), in -> in.skip(in.readTag()), "middle of a field");
  }

  @Test
  void badUtf8IsRefused() {
    refused(bytes(2, 0xc0, 0x80), WireReader::readString, "UTF-8");
    refused(bytes(3, 0xed, 0xa0, 0x80), WireReader::readString, "UTF-8");
    refused(bytes(1, 0xff), WireReader::readString, "UTF-8");
  }

  @Test
  void randomBytesEndInAValueOrAWireException() {
    long seed = Long.getLong("seed", System.nanoTime());
    System.out.println("HostileInputTest -Dseed=" + seed);
    SplittableRandom random = new SplittableRandom(seed);
    int refused = 0;
    for (int round = 0; round < 200_000; round++) {
      byte[] bytes = new byte[random.nextInt(60)];
      random.nextBytes(bytes);
      WireReader in =
          random.nextBoolean()
              ? new WireReader(bytes, 0, bytes.length)
              : InboundFrame.of(List.of(ByteBuffer.wrap(bytes)), () -> {}).reader();
      try {
        wander(in, random, bytes.length);
      } catch (WireException expected) {
        refused++;
      }
      assertThat(in.offset()).isBetween(0, bytes.length);
    }
    assertThat(refused).isPositive();
  }

  /** Reads each field as something that its wire type allows. */
  private static void wander(WireReader in, SplittableRandom random, int bytes) {
    int depth = 0;
    int[] outer = new int[bytes + 1];
    while (true) {
      int tag = in.readTag();
      if (tag == 0) {
        if (depth == 0) {
          return;
        }
        in.popLimit(outer[--depth]);
      } else if ((tag & 7) == 2 && random.nextBoolean()) {
        outer[depth++] = in.pushLimit(in.readLength());
      } else if ((tag & 7) == 2 && random.nextBoolean()) {
        assertThat(in.readPayload().toByteArray().length).isLessThanOrEqualTo(bytes);
      } else if ((tag & 7) == 2 && random.nextBoolean()) {
        in.readString();
      } else {
        in.skip(tag);
      }
    }
  }

  private static void readBytesField(WireReader in) {
    in.readTag();
    in.readBytes();
  }

  private interface Reading {
    void from(WireReader in);
  }

  private static void refused(byte[] bytes, Reading reading, String why) {
    assertThatThrownBy(() -> reading.from(new WireReader(bytes, 0, bytes.length)))
        .isInstanceOf(WireException.class)
        .hasMessageContaining(why);
    for (int split = 0; split <= bytes.length; split++) {
      List<ByteBuffer> parts =
          List.of(
              ByteBuffer.wrap(bytes, 0, split),
              ByteBuffer.wrap(bytes, split, bytes.length - split));
      assertThatThrownBy(() -> reading.from(InboundFrame.of(parts, () -> {}).reader()))
          .isInstanceOf(WireException.class)
          .hasMessageContaining(why);
    }
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }
}
