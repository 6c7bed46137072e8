// SPDX-License-Identifier: Apache-2.0
package io.remora.it.bench;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/**
 * The other end of the raw-socket floor, a process of its own: blocking sockets, one thread, no
 * framing. A connection starts with one byte that says what it measures and eight bytes of length.
 */
public final class RawSocketServer {
  /** Every message of {@code length} bytes is sent back. */
  static final byte ECHO = 1;

  /** {@code length} bytes are read and then one byte is sent. */
  static final byte SINK = 2;

  /** {@code length} bytes are sent. */
  static final byte SOURCE = 3;

  /** As {@link #SINK}, but the bytes are kept in memory of that size. */
  static final byte STORE = 4;

  /** As {@link #SOURCE}, but from memory of that size. */
  static final byte LOAD = 5;

  /** Size of one read or write of a bulk transfer, in bytes. */
  static final int CHUNK_BYTES = 1 << 20;

  /** What STORE and LOAD work on, grown when more is asked for and kept for the next time. */
  private ByteBuffer memory = ByteBuffer.allocateDirect(0);

  private RawSocketServer() {}

  /** Serves connections one after the other until the process is ended. */
  public static void main(String[] arguments) throws IOException {
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      RawSocketServer self = new RawSocketServer();
      System.out.println(
          "raw socket ready on " + ((InetSocketAddress) server.getLocalAddress()).getPort());
      while (true) {
        try (SocketChannel channel = server.accept()) {
          channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
          self.serve(channel);
        }
      }
    }
  }

  private void serve(SocketChannel channel) throws IOException {
    ByteBuffer head = ByteBuffer.allocate(9);
    while (readFully(channel, head.clear())) {
      byte kind = head.get(0);
      long length = head.getLong(1);
      switch (kind) {
        case ECHO -> {
          echo(channel, (int) length);
          return;
        }
        case SINK -> sink(channel, length);
        case SOURCE -> source(channel, length);
        case STORE -> store(channel, (int) length);
        case LOAD -> load(channel, (int) length);
        default -> throw new IOException("unknown request " + kind);
      }
    }
  }

  private static void echo(SocketChannel channel, int length) throws IOException {
    ByteBuffer message = ByteBuffer.allocateDirect(length);
    while (readFully(channel, message.clear())) {
      writeFully(channel, message.flip());
    }
  }

  private static void sink(SocketChannel channel, long length) throws IOException {
    ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
    for (long left = length; left > 0; ) {
      chunk.clear().limit((int) Math.min(left, CHUNK_BYTES));
      int read = channel.read(chunk);
      if (read < 0) {
        return;
      }
      left -= read;
    }
    writeFully(channel, ByteBuffer.allocate(1));
  }

  private static void source(SocketChannel channel, long length) throws IOException {
    ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
    for (long left = length; left > 0; left -= chunk.limit()) {
      chunk.clear().limit((int) Math.min(left, CHUNK_BYTES));
      writeFully(channel, chunk);
    }
  }

  private void store(SocketChannel channel, int length) throws IOException {
    ByteBuffer into = memory(length);
    ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
    while (into.hasRemaining()) {
      chunk.clear().limit(Math.min(into.remaining(), CHUNK_BYTES));
      if (channel.read(chunk) < 0) {
        return;
      }
      into.put(chunk.flip());
    }
    writeFully(channel, ByteBuffer.allocate(1));
  }

  private void load(SocketChannel channel, int length) throws IOException {
    ByteBuffer from = memory(length);
    while (from.hasRemaining()) {
      from.limit(Math.min(length, from.position() + CHUNK_BYTES));
      writeFully(channel, from);
      from.limit(length);
    }
  }

  private ByteBuffer memory(int length) {
    if (memory.capacity() < length) {
      memory = ByteBuffer.allocateDirect(length);
    }
    return memory.clear().limit(length);
  }

  static boolean readFully(SocketChannel channel, ByteBuffer into) throws IOException {
    while (into.hasRemaining()) {
      if (channel.read(into) < 0) {
        return false;
      }
    }
    return true;
  }

  static void writeFully(SocketChannel channel, ByteBuffer from) throws IOException {
    while (from.hasRemaining()) {
      channel.write(from);
    }
  }
}
