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
final class Proxy implements AutoCloseable {
  private static final int BYTES = 16 << 10;

  private final ServerSocket listening;
  private final int to;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private final Object gate = new Object();
  private boolean cut;

  Proxy(int to) throws IOException {
    this.to = to;
    listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    start("accepts", this::accept);
  }

  int port() {
    return listening.getLocalPort();
  }

  /** Lets nothing through. */
  void cut() {
    synchronized (gate) {
      cut = true;
    }
  }

  /** Lets everything through again. */
  void heal() {
    synchronized (gate) {
      cut = false;
      gate.notifyAll();
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
        start("up", () -> pump(client, server));
        start("down", () -> pump(server, client));
      }
    } catch (IOException e) {
      // Closed, or what lies behind it is gone.
      if (!listening.isClosed()) {
        accept();
      }
    }
  }

  private void pump(Socket from, Socket into) {
    byte[] bytes = new byte[BYTES];
    try (from;
        into) {
      InputStream in = from.getInputStream();
      OutputStream out = into.getOutputStream();
      for (int got = in.read(bytes); got >= 0; got = in.read(bytes)) {
        awaitOpen();
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
