// SPDX-License-Identifier: Apache-2.0
package io.remora.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class KeptFramesTest {
  private final List<ByteBuffer> released = new ArrayList<>();
  private final KeptFrames kept = new KeptFrames(released::add);

  private static OutboundFrame frame(int... bytes) {
    byte[] array = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      array[i] = (byte) bytes[i];
    }
    return OutboundFrame.of(array, 0, array.length);
  }

  private List<byte[]> all() {
    List<byte[]> frames = new ArrayList<>();
    kept.forEach(each -> frames.add(each.toByteArray()));
    return frames;
  }

  @Test
  void whatIsAcknowledgedIsForgottenAndTheRestIsThere() {
    kept.keep(frame(1, 2, 3));
    kept.keep(frame(4));
    kept.keep(frame(5, 6));

    kept.acknowledge(4);

    assertThat(all()).containsExactly(new byte[] {5, 6});
    assertThat(kept.sent()).isEqualTo(6);
    assertThat(kept.acknowledged()).isEqualTo(4);
  }

  @Test
  void encodedBytesMayChangeAfterwards() {
    byte[] array = {1, 2};
    kept.keep(OutboundFrame.of(array, 0, 2));
    array[0] = 9;

    assertThat(all()).containsExactly(new byte[] {1, 2});
  }

  @Test
  void payloadsAreReleasedWhenTheyAreNotNeeded() {
    ByteBuffer payload = ByteBuffer.wrap(new byte[] {7, 8});
    kept.keep(frame(1).withPayload(payload));
    assertThat(released).isEmpty();

    kept.acknowledge(3);

    assertThat(released).singleElement().extracting(ByteBuffer::array).isSameAs(payload.array());
  }

  @Test
  void lentPayloadsMayChangeWhenTheyAreCopied() {
    byte[] payload = {7, 8};
    ByteBuffer place = ByteBuffer.allocate(2);
    kept.keepLent(frame(1).withPayload(ByteBuffer.wrap(payload)));
    kept.own(bytes -> place);
    payload[1] = 0;

    assertThat(all()).containsExactly(new byte[] {1, 7, 8});
    kept.acknowledge(3);
    assertThat(released).singleElement().extracting(ByteBuffer::array).isSameAs(place.array());
  }

  @Test
  void lentPayloadsThatHaveComeAreNeitherCopiedNorReleased() {
    kept.keepLent(frame(1).withPayload(ByteBuffer.wrap(new byte[] {7, 8})));
    kept.acknowledge(3);
    kept.own(
        bytes -> {
          throw new AssertionError("a copy of what has come");
        });

    assertThat(released).isEmpty();
  }

  @Test
  void positionsThatAreNoEndsOfFramesAreRefused() {
    kept.keep(frame(1, 2));
    kept.keep(frame(3, 4));
    kept.acknowledge(2);

    for (long position : new long[] {3, 5, 1, -1, Long.MIN_VALUE, Long.MAX_VALUE}) {
      assertThatExceptionOfType(WireException.class)
          .as("position %s", position)
          .isThrownBy(() -> kept.acknowledge(position));
    }
    kept.acknowledge(2);
    assertThat(kept.acknowledged()).isEqualTo(2);
  }

  @Test
  void theCostIsBoundedByWhatIsKept() {
    kept.keep(frame(1, 2));
    long one = kept.cost();
    kept.keep(frame(1, 2));
    assertThat(kept.cost()).isEqualTo(2 * one);

    kept.clear();

    assertThat(kept.cost()).isZero();
    assertThat(all()).isEmpty();
  }

  /** A network that loses everything behind a random byte, again and again. */
  @Test
  void afterAnyCutsTheOtherEndHasEachFrameOnceAndInOrder() {
    long seed = Long.getLong("seed", System.nanoTime());
    SplittableRandom random = new SplittableRandom(seed);
    ByteArrayOutputStream written = new ByteArrayOutputStream();
    ByteArrayOutputStream arrived = new ByteArrayOutputStream();
    Deque<OutboundFrame> onTheWay = new ArrayDeque<>();
    long received = 0;
    for (int step = 0; step < 20_000; step++) {
      switch (random.nextInt(8)) {
        case 0 -> {
          // Cut: what is on the way is lost; both ends tell each other how far they are.
          onTheWay.clear();
          kept.acknowledge(received);
          kept.forEach(onTheWay::add);
        }
        case 1, 2, 3 -> {
          byte[] head = new byte[random.nextInt(1, 20)];
          random.nextBytes(head);
          OutboundFrame made = OutboundFrame.of(head, 0, head.length);
          if (random.nextBoolean()) {
            byte[] payload = new byte[random.nextInt(1, 30)];
            random.nextBytes(payload);
            made = made.withPayload(ByteBuffer.wrap(payload));
          }
          written.writeBytes(made.toByteArray());
          onTheWay.add(kept.keep(made));
          head[0]++;
        }
        case 4, 5, 6 -> {
          OutboundFrame next = onTheWay.poll();
          if (next != null) {
            arrived.writeBytes(next.toByteArray());
            received += next.bytes();
          }
        }
        default -> kept.acknowledge(received);
      }
    }
    kept.acknowledge(received);
    kept.forEach(each -> arrived.writeBytes(each.toByteArray()));
    assertThat(arrived.toByteArray()).as("seed %s", seed).isEqualTo(written.toByteArray());
  }
}
