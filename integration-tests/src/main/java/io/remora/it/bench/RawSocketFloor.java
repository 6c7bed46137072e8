// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench;

import io.remora.it.process.JavaProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * What the machine's loopback gives to two processes with blocking sockets and nothing else: the
 * floor that every figure is compared with.
 */
final class RawSocketFloor implements AutoCloseable {
  private static final Duration START_TIME_MAX = Duration.ofSeconds(20);
  private static final int MESSAGE_BYTES = 64;

  private final JavaProcess server;
  private final InetSocketAddress address;

  RawSocketFloor(Path logFolder) {
    server =
        JavaProcess.start(
            List.of("-XX:+UseSerialGC"),
            RawSocketServer.class.getName(),
            List.of(),
            Map.of(),
            logFolder.resolve("raw-socket.log"));
    String line = server.awaitLine("raw socket ready on ", START_TIME_MAX);
    int port = Integer.parseInt(line.substring(line.lastIndexOf(' ') + 1));
    address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
  }

  /** Nanoseconds of one round trip of 64 bytes, the mean of {@code rounds}. */
  double roundTripNanos(int rounds) throws IOException {
    try (SocketChannel channel = connect()) {
      request(channel, RawSocketServer.ECHO, MESSAGE_BYTES);
      ByteBuffer message = ByteBuffer.allocateDirect(MESSAGE_BYTES);
      long start = System.nanoTime();
      for (int i = 0; i < rounds; i++) {
        RawSocketServer.writeFully(channel, message.clear());
        if (!RawSocketServer.readFully(channel, message.clear())) {
          throw new IOException("the raw socket server hung up");
        }
      }
      return (double) (System.nanoTime() - start) / rounds;
    }
  }

  /** Bytes per second from here to there. */
  double uploadBytesPerSecond(long bytes) throws IOException {
    try (SocketChannel channel = connect()) {
      ByteBuffer chunk = ByteBuffer.allocateDirect(RawSocketServer.CHUNK_BYTES);
      long start = System.nanoTime();
      request(channel, RawSocketServer.SINK, bytes);
      for (long left = bytes; left > 0; left -= chunk.limit()) {
        chunk.clear().limit((int) Math.min(left, RawSocketServer.CHUNK_BYTES));
        RawSocketServer.writeFully(channel, chunk);
      }
      RawSocketServer.readFully(channel, ByteBuffer.allocate(1));
      return bytes / ((System.nanoTime() - start) / 1e9);
    }
  }

  /** Bytes per second from there to here. */
  double downloadBytesPerSecond(long bytes) throws IOException {
    try (SocketChannel channel = connect()) {
      ByteBuffer chunk = ByteBuffer.allocateDirect(RawSocketServer.CHUNK_BYTES);
      long start = System.nanoTime();
      request(channel, RawSocketServer.SOURCE, bytes);
      for (long left = bytes; left > 0; left -= chunk.position()) {
        chunk.clear().limit((int) Math.min(left, RawSocketServer.CHUNK_BYTES));
        if (channel.read(chunk) < 0) {
          throw new IOException("the raw socket server hung up");
        }
      }
      return bytes / ((System.nanoTime() - start) / 1e9);
    }
  }

  /** Bytes per second from a Java array here to memory there. */
  double storeBytesPerSecond(byte[] from) throws IOException {
    try (SocketChannel channel = connect()) {
      ByteBuffer chunk = ByteBuffer.allocateDirect(RawSocketServer.CHUNK_BYTES);
      long start = System.nanoTime();
      request(channel, RawSocketServer.STORE, from.length);
      for (int at = 0; at < from.length; at += chunk.limit()) {
        chunk.clear().put(from, at, Math.min(from.length - at, RawSocketServer.CHUNK_BYTES));
        RawSocketServer.writeFully(channel, chunk.flip());
      }
      RawSocketServer.readFully(channel, ByteBuffer.allocate(1));
      return from.length / ((System.nanoTime() - start) / 1e9);
    }
  }

  /** Bytes per second from memory there to a Java array here. */
  double loadBytesPerSecond(byte[] into) throws IOException {
    try (SocketChannel channel = connect()) {
      ByteBuffer chunk = ByteBuffer.allocateDirect(RawSocketServer.CHUNK_BYTES);
      long start = System.nanoTime();
      request(channel, RawSocketServer.LOAD, into.length);
      for (int at = 0; at < into.length; ) {
        chunk.clear().limit(Math.min(into.length - at, RawSocketServer.CHUNK_BYTES));
        if (channel.read(chunk) < 0) {
          throw new IOException("the raw socket server hung up");
        }
        int read = chunk.position();
        chunk.flip().get(into, at, read);
        at += read;
      }
      return into.length / ((System.nanoTime() - start) / 1e9);
    }
  }

  private SocketChannel connect() throws IOException {
    SocketChannel channel = SocketChannel.open(address);
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    return channel;
  }

  private static void request(SocketChannel channel, byte kind, long length) throws IOException {
    RawSocketServer.writeFully(channel, ByteBuffer.allocate(9).put(kind).putLong(length).flip());
  }

  @Override
  public void close() {
    server.kill();
  }
}
