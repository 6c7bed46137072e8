// SPDX-License-Identifier: Apache-2.0
package io.remora.server.web;

import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpUtil;
import io.netty.handler.codec.http.HttpVersion;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One connection of a browser or a scraper. Runs on the web's own thread. */
final class WebHandler extends SimpleChannelInboundHandler<FullHttpRequest> {
  private static final Logger log = LoggerFactory.getLogger(WebHandler.class);

  /** The page needs its own files only; nobody may frame it. */
  private static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
          + " base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

  private final Routes routes;

  WebHandler(Routes routes) {
    this.routes = routes;
  }

  @Override
  protected void channelRead0(ChannelHandlerContext context, FullHttpRequest request) {
    WebAnswer answer = answer(request);
    boolean head = request.method().equals(HttpMethod.HEAD);
    FullHttpResponse response =
        new DefaultFullHttpResponse(
            HttpVersion.HTTP_1_1,
            HttpResponseStatus.valueOf(answer.status()),
            head ? Unpooled.EMPTY_BUFFER : Unpooled.wrappedBuffer(answer.body()));
    response
        .headers()
        .set(HttpHeaderNames.CONTENT_TYPE, answer.type())
        .setInt(HttpHeaderNames.CONTENT_LENGTH, answer.body().length)
        .set(HttpHeaderNames.CACHE_CONTROL, "no-store")
        .set("Content-Security-Policy", POLICY)
        .set("X-Content-Type-Options", "nosniff")
        .set("Referrer-Policy", "no-referrer");
    if (answer.status() == HttpResponseStatus.UNAUTHORIZED.code()) {
      response.headers().set(HttpHeaderNames.WWW_AUTHENTICATE, "Bearer realm=\"remora\"");
    }
    if (answer.status() == HttpResponseStatus.METHOD_NOT_ALLOWED.code()) {
      response.headers().set(HttpHeaderNames.ALLOW, "GET, HEAD");
    }
    boolean stays = HttpUtil.isKeepAlive(request);
    HttpUtil.setKeepAlive(response, stays);
    var written = context.writeAndFlush(response);
    if (!stays) {
      written.addListener(ChannelFutureListener.CLOSE);
    }
  }

  private WebAnswer answer(FullHttpRequest request) {
    if (request.decoderResult().isFailure()) {
      return WebAnswer.text(400, "this is not HTTP as it should be");
    }
    if (!request.method().equals(HttpMethod.GET) && !request.method().equals(HttpMethod.HEAD)) {
      return WebAnswer.text(405, "only GET and HEAD: nothing can be changed here");
    }
    try {
      return routes.get(
          request.uri(),
          request.headers().get(HttpHeaderNames.HOST),
          request.headers().get(HttpHeaderNames.AUTHORIZATION),
          request.headers().get(HttpHeaderNames.ACCEPT));
    } catch (IllegalArgumentException malformed) {
      return WebAnswer.text(400, "the address is malformed");
    } catch (RuntimeException defect) {
      log.error("A defect in the answer to {}", request.uri(), defect);
      return WebAnswer.text(500, "the server has a defect, see its log");
    }
  }

  @Override
  public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
    // A peer that is gone, is idle, or speaks something else: nothing of it concerns the server.
    log.debug("A connection to the page ended: {}", cause.toString());
    var unused = context.close();
  }
}
