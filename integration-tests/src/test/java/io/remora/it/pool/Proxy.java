// SPDX-License-Identifier: Apache-2.0
package io.remora.it.pool;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Brings bytes to a port of this machine and back, until it is cut: then connections stay and
 * nothing comes through any more, as when a network is partitioned.
 */
public final class Proxy implements AutoCloseable {
  private static final int BYTES = 16 << 10;

  private final ServerSocket listening;
  private final int to;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final Object gate = new Object();
  private boolean cut;
  private long left = Long.MAX_VALUE;

  /**
   * @param to port of this machine
   */
  public Proxy(int to) throws IOException {
    this.to = to;
    listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    start("accepts", this::accept);
  }

  /** Where it listens. */
  public int port() {
    return listening.getLocalPort();
  }

  /** Lets nothing through. */
  public void cut() {
    synchronized (gate) {
      cut = true;
    }
  }

  /** Lets everything through again. */
  public void heal() {
    synchronized (gate) {
      cut = false;
      gate.notifyAll();
    }
  }

  /** Ends all connections, and those that come, once so many more bytes have gone up. */
  public void endAfter(long bytes) {
    synchronized (gate) {
      left = bytes;
    }
  }

  private void count(int bytes) throws IOException {
    synchronized (gate) {
      left -= bytes;
      if (left < 0) {
        for (Socket socket : sockets) {
          socket.close();
        }
      }
    }
  }

  private void start(String does, Runnable work) {
    Thread thread = new Thread(work, "proxy " + does);
    thread.setDaemon(true);
    thread.start();
  }

  private void accept() {
    try {
      while (true) {
        Socket client = listening.accept();
        Socket server = new Socket(InetAddress.getLoopbackAddress(), to);
        sockets.add(client);
        sockets.add(server);
        start("up", () -> pump(client, server, true));
        start("down", () -> pump(server, client, false));
      }
    } catch (IOException e) {
      // Closed, or what lies behind it is gone.
      if (!listening.isClosed()) {
        accept();
      }
    }
  }

  private void pump(Socket from, Socket into, boolean up) {
    byte[] bytes = new byte[BYTES];
    try (from;
        into) {
      InputStream in = from.getInputStream();
      OutputStream out = into.getOutputStream();
      for (int got = in.read(bytes); got >= 0; got = in.read(bytes)) {
        awaitOpen();
        if (up) {
          count(got);
        }
        out.write(bytes, 0, got);
      }
    } catch (IOException | InterruptedException e) {
      // The other direction ends with it.
      sockets.remove(from);
    }
  }

  private void awaitOpen() throws InterruptedException {
    synchronized (gate) {
      while (cut) {
        gate.wait();
      }
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
    for (Socket socket : sockets) {
      socket.close();
    }
    heal();
  }
}
