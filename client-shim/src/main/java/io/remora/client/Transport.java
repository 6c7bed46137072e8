// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.grpc.ManagedChannel;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.netty.buffer.ByteBufAllocator;
import io.netty.channel.AdaptiveRecvByteBufAllocator;
import io.netty.channel.Channel;
import io.netty.channel.ChannelOption;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.WriteBufferWaterMark;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioChannelOption;
import io.netty.channel.socket.nio.NioSocketChannel;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.remora.wire.Http2Tuning;
import io.remora.wire.WireLimits;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLException;
import jdk.net.ExtendedSocketOptions;

/**
 * One connection's channel and the event loop that reads and writes its socket. Everything about
 * sockets and TLS is decided here.
 */
final class Transport implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Transport.class.getName());

  /** The receive window: what the server may have under way towards this process. */
  private static final int FLOW_WINDOW_BYTES = 8 << 20;

  // A read grows to a whole chunk during a bulk download: fewer system calls and fewer buffers.
  private static final int READ_BYTES_MIN = 1 << 10;
  private static final int READ_BYTES_FIRST = 64 << 10;

  /**
   * One pool for all connections of the process. The threads that run connections remember the pool
   * for as long as they live, so one for each connection would never be freed.
   */
  private static final ByteBufAllocator BUFFERS = Http2Tuning.allocator(1);

  /** Room for the chunks of an upload; with the default of 64 KiB each chunk waits for the last. */
  private static final WriteBufferWaterMark WRITE_MARK = new WriteBufferWaterMark(2 << 20, 4 << 20);

  /** Beyond what a server says in its welcome, which comes later than this must be set. */
  private static final int FRAME_BYTES_MAX = 2 * WireLimits.FRAME_BYTES_MAX;

  /** gRPC's own probes, for a peer whose machine lives but whose process doesn't. */
  private static final int KEEP_ALIVE_SECONDS = 10;

  private static final int KEEP_ALIVE_TIMEOUT_SECONDS = 5;

  // TCP's probes, for a peer that is gone: silence of 4 s, then 3 probes, 2 s apart.
  private static final int TCP_IDLE_SECONDS = 4;
  private static final int TCP_INTERVAL_SECONDS = 2;
  private static final int TCP_PROBES = 3;

  private static final long SHUTDOWN_MILLIS = 1000;

  private final ConnectionSettings settings;
  private final ConnectionLoop loop;
  private volatile ManagedChannel channel;
  private volatile String server;

  private Transport(ConnectionSettings settings, ManagedChannel channel, ConnectionLoop loop) {
    this.settings = settings;
    server = settings.server();
    this.channel = channel;
    this.loop = loop;
  }

  /**
   * Prepares a channel; the first call connects.
   *
   * @throws ConnectionException if the settings name files that can't be used
   */
  static Transport open(ConnectionSettings settings, NanoClock clock) throws ConnectionException {
    NettyChannelBuilder builder = builder(settings, settings.host(), settings.port());
    ConnectionLoop loop = newLoop(clock);
    use(builder, loop);
    return new Transport(settings, builder.build(), loop);
  }

  /**
   * Connects to another server from now on, by the same loop and with the same settings, also for
   * who it must prove to be.
   *
   * @param next HOST:PORT, as servers name each other
   * @return false if that names no server
   */
  boolean goTo(String next) {
    int colon = next.lastIndexOf(':');
    ManagedChannel before = channel;
    try {
      String host = next.substring(0, Math.max(0, colon)).replace("[", "").replace("]", "");
      NettyChannelBuilder builder =
          builder(settings, host, Integer.parseInt(next.substring(colon + 1)));
      use(builder, loop);
      channel = builder.build();
    } catch (IllegalArgumentException | ConnectionException e) {
      LOG.log(System.Logger.Level.WARNING, "the session may be at {0}: {1}", next, e);
      return false;
    }
    server = next;
    before.shutdown();
    return true;
  }

  /** HOST:PORT to which streams are opened now. */
  String server() {
    return server;
  }

  private static NettyChannelBuilder builder(ConnectionSettings settings, String host, int port)
      throws ConnectionException {
    NettyChannelBuilder builder =
        NettyChannelBuilder.forAddress(host, port)
            .directExecutor()
            .disableRetry()
            .maxInboundMessageSize(FRAME_BYTES_MAX)
            .flowControlWindow(FLOW_WINDOW_BYTES)
            .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
            .keepAliveTimeout(KEEP_ALIVE_TIMEOUT_SECONDS, TimeUnit.SECONDS)
            .withOption(
                ChannelOption.CONNECT_TIMEOUT_MILLIS, (int) settings.connectTimeout().toMillis())
            .withOption(ChannelOption.SO_KEEPALIVE, true)
            .withOption(ChannelOption.ALLOCATOR, BUFFERS)
            .withOption(
                ChannelOption.RCVBUF_ALLOCATOR,
                new AdaptiveRecvByteBufAllocator(
                    READ_BYTES_MIN, READ_BYTES_FIRST, WireLimits.CHUNK_BYTES_MAX))
            .withOption(ChannelOption.WRITE_BUFFER_WATER_MARK, WRITE_MARK);
    if (settings.plaintext()) {
      builder.usePlaintext();
    } else {
      builder.sslContext(tls(settings));
    }
    return builder;
  }

  private static ConnectionLoop newLoop(NanoClock clock) {
    boolean epoll = Epoll.isAvailable();
    IoHandlerFactory handlers = epoll ? EpollIoHandler.newFactory() : NioIoHandler.newFactory();
    ConnectionLoop loop = new ConnectionLoop(handlers, epoll, clock);
    loop.start();
    return loop;
  }

  private static void use(NettyChannelBuilder builder, ConnectionLoop loop) {
    builder.eventLoopGroup(loop);
    if (Epoll.isAvailable()) {
      builder
          .channelFactory(() -> tuned(new EpollSocketChannel()))
          .withOption(EpollChannelOption.TCP_KEEPIDLE, TCP_IDLE_SECONDS)
          .withOption(EpollChannelOption.TCP_KEEPINTVL, TCP_INTERVAL_SECONDS)
          .withOption(EpollChannelOption.TCP_KEEPCNT, TCP_PROBES);
    } else {
      builder
          .channelFactory(() -> tuned(new NioSocketChannel()))
          .withOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPIDLE), TCP_IDLE_SECONDS)
          .withOption(
              NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPINTERVAL), TCP_INTERVAL_SECONDS)
          .withOption(NioChannelOption.of(ExtendedSocketOptions.TCP_KEEPCOUNT), TCP_PROBES);
    }
  }

  private static Channel tuned(Channel connection) {
    connection.pipeline().addLast(new Http2Tuning());
    return connection;
  }

  private static SslContext tls(ConnectionSettings settings) throws ConnectionException {
    SslContextBuilder builder = SslContextBuilder.forClient();
    Path caFile = settings.caFile();
    Path certificate = settings.clientCertificate();
    Path key = settings.clientKey();
    try {
      if (caFile != null) {
        builder.trustManager(readable("CA file", caFile));
      }
      if (certificate != null && key != null) {
        builder.keyManager(readable("client certificate", certificate), readable("key", key));
      }
      SslProvider provider = OpenSsl.isAvailable() ? SslProvider.OPENSSL : SslProvider.JDK;
      return GrpcSslContexts.configure(builder, provider).protocols("TLSv1.3").build();
    } catch (IllegalArgumentException | SSLException e) {
      throw new ConnectionException(
          ConnectionException.Reason.SETTINGS,
          "The certificates in "
              + (caFile == null ? certificate : caFile)
              + " can't be used, they must be in PEM format: "
              + e.getMessage(),
          e);
    } catch (IOException e) {
      throw new ConnectionException(
          ConnectionException.Reason.SETTINGS, String.valueOf(e.getMessage()), e);
    }
  }

  private static File readable(String what, Path path) throws IOException {
    if (!Files.isReadable(path)) {
      throw new IOException("The " + what + " " + path + " doesn't exist or can't be read.");
    }
    return path.toFile();
  }

  ManagedChannel channel() {
    return channel;
  }

  /** Where callers wait, and who waits reads. */
  ConnectionLoop loop() {
    return loop;
  }

  /** Ends everything at once, and gives the channel and then its thread a second each to go. */
  @Override
  public void close() {
    channel.shutdownNow();
    try {
      if (!channel.awaitTermination(SHUTDOWN_MILLIS, TimeUnit.MILLISECONDS)) {
        LOG.log(System.Logger.Level.DEBUG, "the channel takes long to end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    var unused = loop.shutdownGracefully(0, SHUTDOWN_MILLIS, TimeUnit.MILLISECONDS);
  }
}
