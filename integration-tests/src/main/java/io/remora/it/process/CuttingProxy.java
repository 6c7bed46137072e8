// SPDX-License-Identifier: Apache-2.0
package io.remora.it.process;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * A network that fails, between clients and a server on this machine: while it is told to cut, each
 * connection lives for a random number of bytes, some in the middle of what is being sent, and then
 * is closed or reset, at one end or both, sooner or later. All of it follows from one seed.
 */
public final class CuttingProxy implements AutoCloseable {
  private static final int BUFFER_BYTES = 64 << 10;
  private static final int DELAY_MICROS_MAX = 2_000;
  private static final int BYTES_BITS_MAX = 18;

  private final ServerSocket listening;
  private volatile int target;
  private final SplittableRandom random;
  private final ExecutorService threads = Executors.newCachedThreadPool(CuttingProxy::daemon);
  private final AtomicInteger cuts = new AtomicInteger();
  private final Queue<Pair> pairs = new ConcurrentLinkedQueue<>();
  private volatile int cutsLeft;

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "cutting-proxy");
    thread.setDaemon(true);
    return thread;
  }

  /**
   * Starts to listen, and cuts nothing.
   *
   * @param target the server's port
   */
  public CuttingProxy(int target, long seed) {
    this.target = target;
    random = new SplittableRandom(seed);
    try {
      listening = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    threads.execute(this::accept);
  }

  /** Where clients find the server. */
  public int port() {
    return listening.getLocalPort();
  }

  /** From now on connections are cut, this many times. */
  public void cut(int times) {
    cutsLeft = times;
  }

  /** Closes all connections; those that come from now on go to another server. */
  public void retarget(int port) {
    target = port;
    pairs.forEach(Pair::closeBoth);
    pairs.clear();
  }

  /** Closes all connections, and the port. */
  public void stop() {
    close();
    pairs.forEach(Pair::closeBoth);
  }

  /** How often a connection was cut. */
  public int cuts() {
    return cuts.get();
  }

  /** Cuts those that are there. */
  private synchronized boolean takeCut() {
    if (cutsLeft == 0) {
      return false;
    }
    cutsLeft--;
    cuts.incrementAndGet();
    return true;
  }

  private void accept() {
    while (!listening.isClosed()) {
      try {
        Socket client = listening.accept();
        Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
        Pair pair = new Pair(client, server, fork());
        pairs.add(pair);
        pair.start();
      } catch (IOException closing) {
        // The next turn finds out whether that is so.
        Thread.onSpinWait();
      }
    }
  }

  private synchronized SplittableRandom fork() {
    return random.split();
  }

  @Override
  public void close() {
    try {
      listening.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      threads.shutdownNow();
    }
  }

  /** One connection, in both directions. */
  private final class Pair {
    private final Socket client;
    private final Socket server;
    private final SplittableRandom fate;

    /** Bytes, of both directions, until the cut. */
    private final AtomicLong left;

    Pair(Socket client, Socket server, SplittableRandom fate) throws IOException {
      this.client = client;
      this.server = server;
      this.fate = fate;
      client.setTcpNoDelay(true);
      server.setTcpNoDelay(true);
      // Every eighth dies young, often before the two ends have greeted each other.
      int bits = fate.nextInt(8) == 0 ? fate.nextInt(6, 12) : fate.nextInt(13, BYTES_BITS_MAX);
      left = new AtomicLong(fate.nextLong(1L << bits));
    }

    void start() {
      SplittableRandom up = fate.split();
      SplittableRandom down = fate.split();
      threads.execute(() -> pump(client, server, up));
      threads.execute(() -> pump(server, client, down));
    }

    private void pump(Socket from, Socket to, SplittableRandom own) {
      byte[] buffer = new byte[BUFFER_BYTES];
      try {
        InputStream in = from.getInputStream();
        OutputStream out = to.getOutputStream();
        for (int got = in.read(buffer); got >= 0; got = in.read(buffer)) {
          if (cutsLeft == 0) {
            out.write(buffer, 0, got);
            continue;
          }
          if (own.nextInt(64) == 0) {
            LockSupport.parkNanos(1_000L * own.nextInt(1, 900));
          }
          long rest = left.getAndAdd(-got);
          if (rest > got) {
            out.write(buffer, 0, got);
          } else if (rest > 0 && takeCut()) {
            out.write(buffer, 0, (int) rest);
            out.flush();
            cut(own);
            return;
          } else if (rest <= 0) {
            // The other direction cuts, or has had no cut left.
            closeBoth();
            return;
          } else {
            out.write(buffer, 0, got);
          }
        }
        to.shutdownOutput();
      } catch (IOException gone) {
        closeBoth();
      }
    }

    private void cut(SplittableRandom own) throws IOException {
      Socket first = own.nextBoolean() ? client : server;
      if (own.nextBoolean()) {
        // A reset, which also takes back what the other end has not read.
        first.setOption(StandardSocketOptions.SO_LINGER, 0);
      }
      first.close();
      if (own.nextInt(4) == 0) {
        LockSupport.parkNanos(1_000L * own.nextInt(1, DELAY_MICROS_MAX));
      }
      closeBoth();
    }

    private void closeBoth() {
      try (client;
          server) {
        Thread.onSpinWait();
      } catch (IOException alreadyGone) {
        Thread.onSpinWait();
      }
    }
  }
}
