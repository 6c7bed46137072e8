// SPDX-License-Identifier: Apache-2.0
package io.remora.server.tenant;

import java.util.concurrent.atomic.AtomicLong;

/**
 * A tenant's device memory: how much of the quota its sessions hold together, in bytes. One ledger
 * for each tenant, shared by all of its sessions; any thread may call it. The sum of what is
 * reserved never exceeds the quota that was in force at the time of the reservation.
 */
public final class MemoryLedger {
  private final AtomicLong reservedBytes = new AtomicLong();
  private volatile long quotaBytes;

  /**
   * @param quotaBytes at least 0
   */
  public MemoryLedger(long quotaBytes) {
    changeQuota(quotaBytes);
  }

  /** The tenant's quota in bytes. */
  public long quotaBytes() {
    return quotaBytes;
  }

  /** What the tenant's sessions hold now, in bytes. */
  public long reservedBytes() {
    return reservedBytes.get();
  }

  /** What can still be reserved, in bytes; 0 while a lowered quota is exceeded. */
  public long availableBytes() {
    return Math.max(0, quotaBytes - reservedBytes.get());
  }

  /**
   * Changes the quota of a running tenant. Memory above a lowered quota stays with the sessions
   * that hold it; nothing more is given out until enough of it has come back.
   *
   * @param bytes at least 0
   */
  public void changeQuota(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("quota must not be negative: " + bytes);
    }
    quotaBytes = bytes;
  }

  /**
   * Takes bytes from the quota, all or nothing.
   *
   * @param bytes at least 0
   * @return false if the quota doesn't have them; nothing has changed then
   */
  public boolean reserve(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("bytes must not be negative: " + bytes);
    }
    while (true) {
      long held = reservedBytes.get();
      if (bytes > quotaBytes - held) {
        return false;
      }
      if (reservedBytes.compareAndSet(held, held + bytes)) {
        return true;
      }
    }
  }

  /**
   * Gives reserved bytes back.
   *
   * @param bytes at least 0 and at most what the caller has reserved and not yet released
   */
  public void release(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("bytes must not be negative: " + bytes);
    }
    long left = reservedBytes.addAndGet(-bytes);
    if (left < 0) {
      throw new IllegalStateException("released " + -left + " bytes that were never reserved");
    }
  }
}
