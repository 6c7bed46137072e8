// SPDX-License-Identifier: Apache-2.0
package io.remora.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2ConnectionHandlerBuilder;
import io.netty.handler.codec.http2.Http2FrameAdapter;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** What a server's connection says to its client, before and after gRPC's handler is there. */
final class Http2TuningTest {
  private static final int FRAME_HEAD_BYTES = 9;
  private static final int SETTINGS = 4;
  private static final int MAX_FRAME_SIZE = 5;

  private static final byte[] PREFACE =
      ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").getBytes(StandardCharsets.US_ASCII);

  private final EmbeddedChannel channel = new EmbeddedChannel();

  @Test
  void thePeerIsToldThatAWholeChunkFitsInOneFrame() {
    channel.pipeline().addLast(new Http2Tuning(), http2());

    channel.writeInbound(
        Unpooled.wrappedBuffer(PREFACE, HexFormat.of().parseHex("000000040000000000")));
    channel.flush();

    assertThat(maxFrameSize(sent())).isEqualTo(WireLimits.FRAME_BYTES_MAX);
    assertThat(channel.pipeline().get(Http2Tuning.class)).isNull();
  }

  @Test
  void bytesBeforeTheHandlerIsThereArePassedOn() {
    channel.pipeline().addLast(new Http2Tuning());

    channel.writeInbound(Unpooled.copyInt(7));

    ByteBuf passed = channel.readInbound();
    assertThat(passed.readInt()).isEqualTo(7);
    passed.release();
    assertThat(channel.pipeline().get(Http2Tuning.class)).isNotNull();
  }

  private static Http2ConnectionHandler http2() {
    return new Http2ConnectionHandlerBuilder()
        .server(true)
        .frameListener(new Http2FrameAdapter())
        .build();
  }

  private byte[] sent() {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (ByteBuf part = channel.readOutbound(); part != null; part = channel.readOutbound()) {
      byte[] bytes = new byte[part.readableBytes()];
      part.readBytes(bytes);
      part.release();
      all.writeBytes(bytes);
    }
    return all.toByteArray();
  }

  /** The last value among the SETTINGS frames (RFC 9113, section 6.5), or 0. */
  private static int maxFrameSize(byte[] frames) {
    ByteBuffer in = ByteBuffer.wrap(frames);
    int found = 0;
    while (in.remaining() >= FRAME_HEAD_BYTES) {
      int length = in.getInt() >>> 8;
      in.position(in.position() - 1);
      int type = in.get();
      in.position(in.position() + 5);
      ByteBuffer body = in.slice(in.position(), length);
      in.position(in.position() + length);
      while (type == SETTINGS && body.hasRemaining()) {
        int setting = body.getShort();
        int value = body.getInt();
        found = setting == MAX_FRAME_SIZE ? value : found;
      }
    }
    return found;
  }
}
