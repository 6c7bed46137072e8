// SPDX-License-Identifier: Apache-2.0
package io.remora.wire;

import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.codec.ByteToMessageDecoder;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Settings;

/**
 * What bulk data needs of HTTP/2 and gRPC has no setting for. To be put first into the pipeline of
 * a new connection, at either end; it does its work when gRPC's own handler is there and the first
 * bytes come, and leaves the pipeline.
 *
 * <ul>
 *   <li>The peer may send a whole chunk in one DATA frame: with frames of 16 KiB, HTTP/2's default,
 *       each chunk takes 64 headers and as many small writes.
 *   <li>A frame that came in several reads is kept as these reads. Netty would copy it together,
 *       and with it all bytes of a transfer, since reads don't end where frames do.
 * </ul>
 */
public final class Http2Tuning extends ChannelInboundHandlerAdapter {
  /** One chunk and what stands around it. */
  private static final int DATA_FRAME_BYTES_MAX = WireLimits.FRAME_BYTES_MAX;

  private static final int PAGE_BYTES = 8 << 10;

  /** Pages of 8 KiB times 2^11 are 16 MiB. */
  private static final int MAX_ORDER = 11;

  private static final int SMALL_CACHE = 256;
  private static final int NORMAL_CACHE = 64;

  /**
   * Buffers for connections. gRPC's own allocator takes memory in pieces of 2 MiB, which buffers of
   * the size of a chunk use up and give back again and again, and each piece is filled with zeros
   * when it is taken.
   *
   * @param arenas how many threads may allocate at the same time without waiting for each other;
   *     each takes 16 MiB with its first buffer
   */
  public static ByteBufAllocator allocator(int arenas) {
    return new PooledByteBufAllocator(
        true, 0, arenas, PAGE_BYTES, MAX_ORDER, SMALL_CACHE, NORMAL_CACHE, false);
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) {
    Http2ConnectionHandler http2 = context.pipeline().get(Http2ConnectionHandler.class);
    if (http2 != null) {
      http2.setCumulator(ByteToMessageDecoder.COMPOSITE_CUMULATOR);
      ChannelHandlerContext beside = context.pipeline().context(http2);
      // The handler itself ends the connection if this can't be written.
      var unused =
          http2
              .encoder()
              .writeSettings(
                  beside,
                  new Http2Settings().maxFrameSize(DATA_FRAME_BYTES_MAX),
                  beside.newPromise());
      // Flushed by what the handler answers to the first bytes.
      context.pipeline().remove(this);
    }
    context.fireChannelRead(message);
  }
}
