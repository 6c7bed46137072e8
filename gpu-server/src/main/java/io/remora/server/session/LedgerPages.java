// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DriverException;
import io.remora.server.tenant.MemoryLedger;
import io.remora.v1.CUresult;

/**
 * Backs a session's slab with device memory, charged to the tenant. Belongs to the session's serial
 * executor, then to the worker that closes the session.
 */
final class LedgerPages implements SlabPages {
  private final Residency residency;
  private final MemoryLedger ledger;
  private boolean deviceIsFull;

  /** Also read by whoever watches the server. */
  private volatile long chargedBytes;

  LedgerPages(Residency residency, MemoryLedger ledger) {
    this.residency = residency;
    this.ledger = ledger;
  }

  /**
   * Charges the tenant for memory that is to be backed later.
   *
   * @throws DriverException {@code CUDA_ERROR_OUT_OF_MEMORY} if the quota has no more
   */
  void charge(long bytes) {
    deviceIsFull = false;
    if (!ledger.reserve(bytes)) {
      throw new DriverException(
          CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE,
          "the tenant's memory quota of "
              + ledger.quotaBytes()
              + " bytes has "
              + ledger.availableBytes()
              + " left; free memory or ask the operator for more");
    }
    chargedBytes += bytes;
  }

  /** Gives back what was charged. */
  void discharge(long bytes) {
    chargedBytes -= bytes;
    ledger.release(bytes);
  }

  /** Backs a part of the slab with memory that is charged already, or {@code OUT_OF_MEMORY}. */
  void commitCharged(long address, long bytes) {
    try {
      residency.commit(address, bytes);
    } catch (RuntimeException refused) {
      deviceIsFull = true;
      throw refused;
    }
  }

  /** Takes the memory behind a part of the slab away, which stays charged. */
  void decommitCharged(long address, long bytes) {
    residency.decommit(address, bytes);
  }

  @Override
  public void commit(long address, long bytes) {
    charge(bytes);
    try {
      commitCharged(address, bytes);
    } catch (RuntimeException refused) {
      discharge(bytes);
      throw refused;
    }
  }

  @Override
  public void decommit(long address, long bytes) {
    decommitCharged(address, bytes);
    discharge(bytes);
  }

  /** Whether the last refusal was the device's, while the quota had room. */
  boolean isDeviceFull() {
    return deviceIsFull;
  }

  /** What the session holds here now. Any thread. */
  long chargedBytes() {
    return chargedBytes;
  }

  /** The domain is closed and its memory back: nothing is charged any more. */
  void domainClosed() {
    ledger.release(chargedBytes);
    chargedBytes = 0;
  }
}
