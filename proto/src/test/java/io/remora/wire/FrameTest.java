// SPDX-License-Identifier: Apache-2.0
package io.remora.wire;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Detachable;
import io.grpc.Drainable;
import io.grpc.HasByteBuffer;
import io.grpc.KnownLength;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class FrameTest {
  @Test
  void aTailFollowsItsHeaderWithoutBeingCopied() throws IOException {
    ByteBuffer payload = ByteBuffer.allocateDirect(100_000);
    for (int i = 0; i < payload.capacity(); i++) {
      payload.put(i, (byte) (i * 31));
    }
    WireWriter writer = new WireWriter(16);
    writer.varint(1, 7);
    int outer = writer.beginMessage(2);
    writer.varint(1, 9);
    int inner = writer.beginMessage(2);
    writer.tail(3, payload);
    writer.endMessage(inner);
    writer.endMessage(outer);
    OutboundFrame frame = writer.frame();
    assertThat(frame.bytes()).isEqualTo(writer.bytes()).isGreaterThan(100_000);

    WireReader in = InboundFrame.of(drained(frame)).reader();
    assertThat(in.readTag()).isEqualTo(8);
    assertThat(in.readVarint64()).isEqualTo(7);
    in.readTag();
    in.pushLimit(in.readLength());
    in.readTag();
    assertThat(in.readVarint64()).isEqualTo(9);
    in.readTag();
    in.pushLimit(in.readLength());
    in.readTag();
    Payload read = in.readPayload();
    byte[] expected = new byte[payload.capacity()];
    payload.get(0, expected);
    assertThat(read.toByteArray()).isEqualTo(expected);
    assertThat(in.atEnd()).isTrue();
    assertThat(payload.position()).isZero();
  }

  @Test
  void nothingFollowsATail() {
    WireWriter writer = new WireWriter(16);
    writer.tail(1, ByteBuffer.allocate(3));
    assertThatThrownBy(() -> writer.varint(2, 1)).isInstanceOf(IllegalStateException.class);
    writer.reset();
    writer.varint(2, 1);
    assertThat(writer.bytes()).isEqualTo(2);
  }

  @Test
  void aFrameReadsTheSameByStreamAndByDrain() throws IOException {
    OutboundFrame frame =
        OutboundFrame.of(new byte[] {9, 1, 2, 3, 9}, 1, 3)
            .withPayload(ByteBuffer.wrap(new byte[] {0, 4, 5, 0}, 1, 2).slice());
    assertThat(frame.stream().readAllBytes()).containsExactly(1, 2, 3, 4, 5);
    assertThat(drained(frame)).containsExactly(1, 2, 3, 4, 5);
    assertThat(frame.stream().available()).isEqualTo(5);
    InputStream oneByOne = frame.stream();
    for (int expected = 1; expected <= 5; expected++) {
      assertThat(oneByOne.read()).isEqualTo(expected);
    }
    assertThat(oneByOne.read()).isEqualTo(-1);
  }

  @Test
  void aBigMessageStaysInTheTransportsBuffers() throws IOException {
    TransportStream stream = new TransportStream(6, 20_000);
    InboundFrame frame = InboundFrame.receive(stream);
    assertThat(frame.bytes()).isEqualTo(120_000);
    WireReader in = frame.reader();
    Payload payload = in.readPayload();
    assertThat(payload.bytes()).isEqualTo(120_000 - 3);
    // Written through the transport's memory, seen in the payload: the same memory.
    stream.parts.get(5).put(19_999, (byte) 77);
    byte[] read = payload.toByteArray();
    assertThat(read[read.length - 1]).isEqualTo((byte) 77);
    assertThat(stream.closes.get()).isZero();
    frame.retain();
    frame.close();
    assertThat(stream.closes.get()).isZero();
    frame.close();
    assertThat(stream.closes.get()).isEqualTo(1);
    assertThatThrownBy(frame::close).isInstanceOf(IllegalStateException.class);
    assertThatThrownBy(frame::retain).isInstanceOf(IllegalStateException.class);
    assertThat(stream.closes.get()).isEqualTo(1);
  }

  @Test
  void anEmptyPartDoesNotMakeABigMessageBeCopied() throws IOException {
    TransportStream stream = new TransportStream(3, 20_000);
    stream.parts.add(1, ByteBuffer.allocate(0));
    InboundFrame frame = InboundFrame.receive(stream);
    assertThat(frame.reader().readPayload().buffers()).hasSize(3);
    assertThat(stream.closes.get()).isZero();
    frame.close();
    assertThat(stream.closes.get()).isEqualTo(1);
  }

  @Test
  void aTransportWithoutBuffersIsCopiedAndReleased() throws IOException {
    TransportStream stream = new TransportStream(3, 20_000);
    stream.withoutBuffers = true;
    InboundFrame frame = InboundFrame.receive(stream);
    assertThat(frame.reader().readPayload().bytes()).isEqualTo(60_000 - 3);
    assertThat(stream.closes.get()).isEqualTo(1);
    frame.close();
  }

  @Test
  void aSmallMessageGivesTheTransportItsBuffersBackAtOnce() throws IOException {
    TransportStream stream = new TransportStream(4, 50);
    InboundFrame frame = InboundFrame.receive(stream);
    assertThat(frame.reader().readPayload().bytes()).isEqualTo(200 - 3);
    assertThat(stream.available()).isZero();
    frame.close();
    assertThat(InboundFrame.receive(new ByteArrayInputStream(new byte[9])).bytes()).isEqualTo(9);
  }

  private static byte[] drained(OutboundFrame frame) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    assertThat(((Drainable) frame.stream()).drainTo(out)).isEqualTo(frame.bytes());
    return out.toByteArray();
  }

  /** What gRPC hands over: parts that end when skipped, unless a mark keeps them. */
  private static final class TransportStream extends InputStream
      implements KnownLength, Detachable, HasByteBuffer {
    final List<ByteBuffer> parts = new ArrayList<>();
    final AtomicInteger closes = new AtomicInteger();
    boolean withoutBuffers;
    private int part;

    /** Parts of equal size; together they are one length-delimited field of filler. */
    TransportStream(int count, int partBytes) {
      for (int i = 0; i < count; i++) {
        parts.add(ByteBuffer.allocateDirect(partBytes));
      }
      int length = count * partBytes - 3;
      // A length in three bytes, the second two possibly zero groups.
      parts.get(0).put(0, (byte) (length | 0x80));
      parts.get(0).put(1, (byte) (length >> 7 | 0x80));
      parts.get(0).put(2, (byte) (length >> 14));
    }

    @Override
    public int available() {
      return parts.stream().mapToInt(ByteBuffer::remaining).sum();
    }

    @Override
    public InputStream detach() {
      return this;
    }

    @Override
    public boolean byteBufferSupported() {
      return false;
    }

    @Override
    public @Nullable ByteBuffer getByteBuffer() {
      if (withoutBuffers) {
        throw new UnsupportedOperationException();
      }
      return part < parts.size() ? parts.get(part).slice() : null;
    }

    @Override
    public long skip(long count) {
      step();
      ByteBuffer current = parts.get(Math.min(part, parts.size() - 1));
      int skipped = (int) Math.min(count, current.remaining());
      current.position(current.position() + skipped);
      step();
      return skipped;
    }

    @Override
    public boolean markSupported() {
      return true;
    }

    @Override
    public void mark(int readLimit) {
      parts.forEach(ByteBuffer::mark);
    }

    @Override
    public void reset() {
      parts.forEach(ByteBuffer::reset);
      part = 0;
    }

    @Override
    public int read() {
      step();
      return part < parts.size() ? parts.get(part).get() & 0xff : -1;
    }

    @Override
    public void close() {
      closes.incrementAndGet();
    }

    private void step() {
      while (part < parts.size() && !parts.get(part).hasRemaining()) {
        part++;
      }
    }
  }
}
