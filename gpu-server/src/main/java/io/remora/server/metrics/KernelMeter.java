// SPDX-License-Identifier: Apache-2.0
package io.remora.server.metrics;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;

/**
 * The device time of one session's kernel on one device. Written by the threads on which works end,
 * read by whoever watches.
 */
public final class KernelMeter {
  private final SessionMeter session;
  private final IntSupplier device;
  private final String name;
  private final AtomicLong nanos = new AtomicLong();

  /** Whether it is in the session's list of kernels that ran since they were last read. */
  private final AtomicBoolean listed = new AtomicBoolean();

  /** What was read before. Belongs to the reader. */
  private long readNanos;

  /**
   * @param device the ordinal of the device where the kernel runs now
   */
  KernelMeter(SessionMeter session, IntSupplier device, String name) {
    this.session = session;
    this.device = device;
    this.name = name;
  }

  /** The device's ordinal on this server. */
  public int device() {
    return device.getAsInt();
  }

  /** The kernel's name in its module. */
  public String name() {
    return name;
  }

  /** It has run. Any thread. */
  public void ran(long deviceNanos) {
    if (deviceNanos > 0) {
      nanos.addAndGet(deviceNanos);
      if (!listed.get() && listed.compareAndSet(false, true)) {
        session.list(this);
      }
    }
  }

  /** What it took since this was last asked. One thread at a time. */
  KernelTime take() {
    // First, so that what runs from now on is listed again.
    listed.set(false);
    long now = nanos.get();
    long taken = now - readNanos;
    readNanos = now;
    return new KernelTime(device.getAsInt(), name, taken);
  }
}
