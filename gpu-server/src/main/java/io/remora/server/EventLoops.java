// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.netty.channel.EventLoopGroup;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.ServerChannel;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * The threads that do all network input and output, and run sessions: epoll on Linux, the Java
 * platform's selector elsewhere.
 */
record EventLoops(
    Class<? extends ServerChannel> channelType, EventLoopGroup acceptor, EventLoopGroup workers) {
  private static final int SHUTDOWN_SECONDS_MAX = 2;

  /** Starts the threads: one that accepts, and one for each processor. */
  static EventLoops start() {
    boolean epoll = Epoll.isAvailable();
    return new EventLoops(
        epoll ? EpollServerSocketChannel.class : NioServerSocketChannel.class,
        group(epoll, 1, "remora-accept"),
        group(epoll, Runtime.getRuntime().availableProcessors(), "remora-io"));
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
