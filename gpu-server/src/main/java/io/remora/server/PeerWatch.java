// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.timeout.IdleStateEvent;
import io.netty.handler.timeout.IdleStateHandler;
import io.remora.server.config.ServerLimits;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Asks a connection that is silent whether its client is there, and cuts it if no answer comes. To
 * be put first into the pipeline of a new connection, so that cutting waits for nobody.
 *
 * <p>gRPC's own keep-alive asks after 10 s at the earliest, and then takes half a minute to close a
 * connection through which nothing can be sent.
 */
final class PeerWatch extends IdleStateHandler {
  /** As gRPC's probes of the bandwidth: any other answer would be news in gRPC's log. */
  private static final long PING = 1234;

  private final Duration answerTime;
  private boolean asked;

  /** How often: an answer to a later question doesn't come in the time for an earlier one. */
  private long questions;

  /** Watches one connection by {@link ServerLimits#keepAliveTime} and its time for an answer. */
  PeerWatch(ServerLimits limits) {
    super(limits.keepAliveTime().toMillis(), 0, 0, TimeUnit.MILLISECONDS);
    answerTime = limits.keepAliveTimeout();
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
    asked = false;
    super.channelRead(context, message);
  }

  @Override
  protected void channelIdle(ChannelHandlerContext context, IdleStateEvent event) {
    Http2ConnectionHandler http2 = context.pipeline().get(Http2ConnectionHandler.class);
    // Before there is HTTP/2 the time for the handshake is bounded.
    if (http2 == null || asked) {
      return;
    }
    asked = true;
    long question = ++questions;
    ChannelHandlerContext beside = context.pipeline().context(http2);
    // If this can't be written no answer comes.
    var unused = http2.encoder().writePing(beside, false, PING, beside.newPromise());
    beside.flush();
    // It ends with the connection's thread.
    var unusedToo =
        context
            .executor()
            .schedule(() -> cut(context, question), answerTime.toMillis(), TimeUnit.MILLISECONDS);
  }

  private void cut(ChannelHandlerContext context, long question) {
    if (asked && question == questions) {
      // Whatever comes of it, nothing more is sent.
      var unused = context.close();
    }
  }
}
