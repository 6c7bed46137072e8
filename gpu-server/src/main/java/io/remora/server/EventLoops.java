// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFactory;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import io.remora.server.config.ServerLimits;
import io.remora.wire.Http2Tuning;
import java.util.concurrent.TimeUnit;

/**
 * The threads that do all network input and output, and run sessions: epoll on Linux, the Java
 * platform's selector elsewhere.
 *
 * @param sockets makes the sockets that listen
 * @param connections makes the sockets that connect
 * @param buffers where connections take their buffers from
 */
record EventLoops(
    ChannelFactory<ServerChannel> sockets,
    ChannelFactory<Channel> connections,
    ByteBufAllocator buffers,
    EventLoopGroup acceptor,
    EventLoopGroup workers) {
  private static final int SHUTDOWN_SECONDS_MAX = 2;

  /**
   * Starts the threads: one that accepts, and one for each processor.
   *
   * @param limits when connections of clients that are gone are cut
   */
  static EventLoops start(ServerLimits limits) {
    boolean epoll = Epoll.isAvailable();
    int threads = Runtime.getRuntime().availableProcessors();
    return new EventLoops(
        () -> tuned(epoll ? new EpollServerSocketChannel() : new NioServerSocketChannel(), limits),
        () -> epoll ? new EpollSocketChannel() : new NioSocketChannel(),
        Http2Tuning.allocator(threads),
        group(epoll, 1, "remora-accept"),
        group(epoll, threads, "remora-io"));
  }

  private static ServerChannel tuned(ServerChannel socket, ServerLimits limits) {
    socket.pipeline().addLast(new TunedConnections(limits));
    return socket;
  }

  /** Sees each connection before gRPC does. */
  private static final class TunedConnections extends ChannelInboundHandlerAdapter {
    private final ServerLimits limits;

    TunedConnections(ServerLimits limits) {
      this.limits = limits;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object connection) {
      ((Channel) connection).pipeline().addLast(new PeerWatch(limits), new Http2Tuning());
      context.fireChannelRead(connection);
    }
  }

  private static EventLoopGroup group(boolean epoll, int threads, String name) {
    IoHandlerFactory handler = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    return new MultiThreadIoEventLoopGroup(threads, new DefaultThreadFactory(name, true), handler);
  }

  /** Ends the threads once what they do now is done; waits for it. */
  void stop() {
    Future<?> accepting = stop(acceptor);
    Future<?> working = stop(workers);
    accepting.awaitUninterruptibly(SHUTDOWN_SECONDS_MAX, TimeUnit.SECONDS);
    working.awaitUninterruptibly(SHUTDOWN_SECONDS_MAX, TimeUnit.SECONDS);
  }

  private static Future<?> stop(EventLoopGroup group) {
    return group.shutdownGracefully(0, SHUTDOWN_SECONDS_MAX, TimeUnit.SECONDS);
  }
}
