// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.ptx.MemoryFault;
import io.remora.server.driver.WorkObserver;
import io.remora.v1.CUresult;

/** A copy or a fill on a stream. */
final class TransferItem extends StreamItem {
  /** Copying so much takes less time than waking another thread to do it. */
  private static final long QUICK_BYTES_MAX = 64 << 10;

  /** The bytes are moved here, with the domain's memory held. */
  @FunctionalInterface
  interface Transfer {
    /** Returns the {@code CUresult}. */
    int move() throws MemoryFault;
  }

  private final DomainCore domain;
  private final long bytes;
  private final Transfer transfer;

  TransferItem(DomainCore domain, long bytes, Transfer transfer, WorkObserver observer) {
    super(observer);
    this.domain = domain;
    this.bytes = bytes;
    this.transfer = transfer;
  }

  @Override
  boolean isQuick() {
    return bytes <= QUICK_BYTES_MAX;
  }

  @Override
  boolean run(SoftwareStream stream) {
    int result = domain.enter();
    long deviceNanos = 0;
    if (result == CUresult.CUDA_SUCCESS_VALUE) {
      DeviceTime time = domain.device().time();
      double begin = time.begin();
      try {
        result = transfer.move();
      } catch (MemoryFault fault) {
        result = CUresult.CUDA_ERROR_INVALID_VALUE_VALUE;
      } finally {
        deviceNanos = time.end(begin);
        domain.leave();
      }
    }
    stream.finish(this, result, deviceNanos);
    return true;
  }
}
