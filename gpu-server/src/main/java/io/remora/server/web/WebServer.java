// SPDX-License-Identifier: Apache-2.0
package io.remora.server.web;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.SocketChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.HttpContentCompressor;
import io.netty.handler.codec.http.HttpObjectAggregator;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.timeout.ReadTimeoutHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.remora.server.config.ListenAddress;
import io.remora.server.watch.Watch;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Serves the page and the metrics from {@link #start} until it is closed. It has one thread of its
 * own, so that whoever looks at the server holds up none of its sessions.
 */
public final class WebServer implements AutoCloseable {
  /** A page makes one or two connections; Prometheus one. */
  private static final int CONNECTIONS_MAX = 64;

  /** Nothing that is asked has a body. */
  private static final int BODY_BYTES_MAX = 1 << 10;

  private static final int IDLE_SECONDS = 60;
  private static final int STOP_SECONDS_MAX = 2;

  private final EventLoopGroup loop;
  private final Channel socket;
  private final String address;

  private WebServer(EventLoopGroup loop, Channel socket, String address) {
    this.loop = loop;
    this.socket = socket;
    this.address = address;
  }

  /**
   * Begins to serve.
   *
   * @param encryption null for plain HTTP
   * @throws IOException if it can't listen there
   */
  public static WebServer start(
      ListenAddress listen, @Nullable SslContext encryption, WebAccess access, Watch watch)
      throws IOException {
    EventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(
            1, new DefaultThreadFactory("remora-web", true), NioIoHandler.newFactory());
    ChannelGroup connections = new DefaultChannelGroup(loop.next(), true);
    Routes routes = new Routes(access, watch, PageFiles.load(), new MetricsText());
    ChannelInitializer<SocketChannel> pipeline =
        new ChannelInitializer<>() {
          @Override
          protected void initChannel(SocketChannel connection) {
            if (connections.size() >= CONNECTIONS_MAX) {
              var unused = connection.close();
              return;
            }
            connections.add(connection);
            ChannelPipeline handlers = connection.pipeline();
            if (encryption != null) {
              handlers.addLast(encryption.newHandler(connection.alloc()));
            }
            handlers
                .addLast(new ReadTimeoutHandler(IDLE_SECONDS))
                .addLast(new HttpServerCodec())
                .addLast(new HttpObjectAggregator(BODY_BYTES_MAX))
                .addLast(new HttpContentCompressor())
                .addLast(new WebHandler(routes));
          }
        };
    ServerBootstrap bootstrap =
        new ServerBootstrap()
            .group(loop)
            .channel(NioServerSocketChannel.class)
            .childHandler(pipeline);
    ChannelFuture bound = bootstrap.bind(listen.resolve()).awaitUninterruptibly();
    if (!bound.isSuccess()) {
      var unused = loop.shutdownGracefully(0, 0, TimeUnit.SECONDS);
      throw new IOException(
          "can't serve the page on " + listen + ": " + bound.cause().getMessage(), bound.cause());
    }
    int port = ((InetSocketAddress) bound.channel().localAddress()).getPort();
    String scheme = encryption == null ? "http://" : "https://";
    return new WebServer(loop, bound.channel(), scheme + listen.withPort(port) + "/");
  }

  /** Where the page is. */
  public String address() {
    return address;
  }

  @Override
  public void close() {
    var unused = socket.close();
    loop.shutdownGracefully(0, STOP_SECONDS_MAX, TimeUnit.SECONDS)
        .awaitUninterruptibly(STOP_SECONDS_MAX, TimeUnit.SECONDS);
  }
}
