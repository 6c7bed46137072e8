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

  @Override
  public void commit(long address, long bytes) {
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
    try {
      residency.commit(address, bytes);
    } catch (RuntimeException refused) {
      ledger.release(bytes);
      deviceIsFull = true;
      throw refused;
    }
    chargedBytes += bytes;
  }

  @Override
  public void decommit(long address, long bytes) {
    residency.decommit(address, bytes);
    chargedBytes -= bytes;
    ledger.release(bytes);
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
