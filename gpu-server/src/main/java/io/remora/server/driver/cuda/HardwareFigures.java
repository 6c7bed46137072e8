// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.DeviceFigure;
import java.util.List;
import java.util.Map;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The figures of all GPUs, as they were a moment ago. Who asks gets what was read last and waits
 * for nothing; asking is also what has them read again, by a thread of its own and about once a
 * second at most. A library that doesn't come back holds up that thread and nobody else. Any thread
 * may ask.
 */
final class HardwareFigures implements AutoCloseable {
  /** A little less than the second between two looks of the server, so that each finds news. */
  static final long AGAIN_NANOS = 900_000_000L;

  /** After this time without news a figure is no longer true. */
  static final long OLD_NANOS = 5_000_000_000L;

  private final ManagementLibrary library;
  private final LongSupplier nanoClock;
  private final ThreadPoolExecutor reader;
  private final AtomicBoolean reading = new AtomicBoolean();
  private volatile @Nullable Reading last;

  /**
   * What was read.
   *
   * @param nanos when it began to be
   * @param devices by ordinal
   */
  private record Reading(long nanos, List<Map<DeviceFigure, Integer>> devices) {}

  /**
   * Reads nothing until somebody asks.
   *
   * @param library belongs to this from now on
   * @param nanoClock measures the age of figures
   */
  HardwareFigures(ManagementLibrary library, LongSupplier nanoClock) {
    this.library = library;
    this.nanoClock = nanoClock;
    // There are at most a reading and the end in the queue; after the end nothing is taken.
    reader =
        new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            HardwareFigures::thread,
            new ThreadPoolExecutor.DiscardPolicy());
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "remora-gpu-figures");
    thread.setDaemon(true);
    return thread;
  }

  /**
   * What a device has said last.
   *
   * @param ordinal of the driver's devices
   * @return empty if it says nothing, nobody has asked before, or it has fallen silent
   */
  Map<DeviceFigure, Integer> of(int ordinal) {
    long now = nanoClock.getAsLong();
    Reading seen = last;
    if ((seen == null || now - seen.nanos >= AGAIN_NANOS) && reading.compareAndSet(false, true)) {
      reader.execute(this::read);
    }
    return seen == null || now - seen.nanos >= OLD_NANOS ? Map.of() : seen.devices.get(ordinal);
  }

  private void read() {
    try {
      long now = nanoClock.getAsLong();
      last = new Reading(now, library.read());
    } finally {
      reading.set(false);
    }
  }

  /** Reads no more. Doesn't wait for a library that doesn't come back. */
  @Override
  public void close() {
    reader.execute(library::close);
    reader.shutdown();
  }
}
