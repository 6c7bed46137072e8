// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.Domain;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.WorkObserver;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** Makes several copies on a stream one piece of work, which ends with the last of them. */
final class JointObserver implements WorkObserver {
  private final WorkObserver whole;
  private final AtomicInteger left;
  private final AtomicInteger result = new AtomicInteger();
  private final AtomicLong deviceNanos = new AtomicLong();

  /**
   * @param parts how many ends there will be
   */
  JointObserver(int parts, WorkObserver whole) {
    this.whole = whole;
    this.left = new AtomicInteger(parts);
  }

  /** Starts one part; a refusal by the driver ends the part. */
  void copyToDevice(Domain domain, long stream, long destination, ByteBuffer source) {
    try {
      domain.copyToDevice(stream, destination, source, this);
    } catch (DriverException refused) {
      onDone(refused.result(), 0);
    }
  }

  @Override
  public void onDone(int partResult, long partNanos) {
    result.compareAndSet(0, partResult);
    if (partNanos > 0) {
      deviceNanos.addAndGet(partNanos);
    }
    if (left.decrementAndGet() == 0) {
      whole.onDone(result.get(), deviceNanos.get());
    }
  }
}
