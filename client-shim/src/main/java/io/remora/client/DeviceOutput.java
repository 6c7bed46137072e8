// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * What kernels have printed, on any server, on its way to the program. A receiving thread brings
 * it; a thread whose waiting call returns writes it out, as CUDA does at synchronisation points.
 * What nobody waits for is written by the receiving thread once there is much of it, so that a
 * program that doesn't read its own output slows its kernels' and loses nothing.
 */
final class DeviceOutput {
  private static final System.Logger LOG = System.getLogger(DeviceOutput.class.getName());
  private static final int WAITING_BYTES_MAX = 4 << 20;

  private final Consumer<byte[]> sink;

  /** Guards {@link #waiting}; never held while writing. */
  private final Object arrivals = new Object();

  /** Held while writing, so that who finds nothing waiting knows that all is written. */
  private final Object writing = new Object();

  private final Deque<byte[]> waiting = new ArrayDeque<>();
  private long waitingBytes;

  /** Under {@link #arrivals}: each server has a receiving thread. */
  private boolean lossTold;

  /** Set for good once something was printed: until then waiting calls cost nothing here. */
  private volatile boolean used;

  DeviceOutput(Consumer<byte[]> sink) {
    this.sink = sink;
  }

  /** Something was printed; a receiving thread. */
  void arrived(int device, byte[] text, long lost) {
    if (lost != 0) {
      // Once is enough for a person; a printing loop would repeat it without end.
      System.Logger.Level level;
      synchronized (arrivals) {
        level = lossTold ? System.Logger.Level.DEBUG : System.Logger.Level.WARNING;
        lossTold = true;
      }
      LOG.log(
          level,
          "{0} printf calls of kernels on device {1} are lost: they printed more than"
              + " CU_LIMIT_PRINTF_FIFO_SIZE at once; raise it by cuCtxSetLimit",
          lost,
          device);
    }
    if (text.length == 0) {
      return;
    }
    boolean much;
    synchronized (arrivals) {
      waiting.addLast(text);
      waitingBytes += text.length;
      much = waitingBytes > WAITING_BYTES_MAX;
    }
    used = true;
    if (much) {
      write();
    }
  }

  /** Writes what has arrived; returns when it is written, whoever did it. */
  void write() {
    if (!used) {
      return;
    }
    synchronized (writing) {
      for (byte[] text = next(); text != null; text = next()) {
        sink.accept(text);
      }
    }
  }

  private byte @Nullable [] next() {
    synchronized (arrivals) {
      byte[] text = waiting.pollFirst();
      if (text != null) {
        waitingBytes -= text.length;
      }
      return text;
    }
  }
}
