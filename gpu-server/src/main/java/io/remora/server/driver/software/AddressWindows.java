// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.server.driver.DriverException;
import io.remora.server.driver.TakenAddresses;
import io.remora.v1.CUresult;
import java.security.SecureRandom;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * Deals out windows of device addresses, over all devices of a driver, so that an address names its
 * domain. Addresses are synthetic; the first is far from 0, so that small numbers taken for
 * pointers are caught. Each driver begins at a place of its own and goes round, so that the
 * addresses of a session that comes from another server are most likely free here.
 */
final class AddressWindows {
  private static final long FIRST = 1L << 40;
  private static final long END = 1L << 47;

  /**
   * Where a driver begins at the latest: far below the memory of clients' processes, which keep
   * these addresses free.
   */
  private static final long BEGIN_MAX = 15L << 40;

  private static final long STEP = 1L << 30;

  private final ConcurrentSkipListMap<Long, DomainCore> owners = new ConcurrentSkipListMap<>();

  /** First address of each window that somebody has to its size. */
  private final TreeMap<Long, Long> taken = new TreeMap<>();

  private long next;

  AddressWindows() {
    this(FIRST + new SecureRandom().nextLong((BEGIN_MAX - FIRST) / STEP) * STEP);
  }

  /**
   * @param first where to begin
   */
  AddressWindows(long first) {
    next = first;
  }

  /**
   * Takes a window aligned to its size, a power of two.
   *
   * @param elsewhere addresses that it must not have
   */
  synchronized long take(long bytes, TakenAddresses elsewhere) {
    long base = firstFree(next, bytes, elsewhere);
    if (base < 0) {
      base = firstFree(FIRST, bytes, elsewhere);
    }
    if (base < 0) {
      throw new DriverException(
          CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE,
          "no addresses left for a slab of " + bytes / 2 + " bytes; configure smaller slabs");
    }
    taken.put(base, bytes);
    next = base + bytes;
    return base;
  }

  private long firstFree(long from, long bytes, TakenAddresses elsewhere) {
    long base = (from + bytes - 1) & -bytes;
    while (bytes <= END - base) {
      Map.Entry<Long, Long> before = taken.lowerEntry(base + bytes);
      if (before != null && before.getKey() + before.getValue() > base) {
        base = (before.getKey() + before.getValue() + bytes - 1) & -bytes;
      } else if (elsewhere.overlap(base, bytes)) {
        base += bytes;
      } else {
        return base;
      }
    }
    return -1;
  }

  /** Takes a certain window; false if it can't be one, or somebody has any part of it. */
  synchronized boolean takeAt(long base, long bytes) {
    if (base < FIRST
        || base % bytes != 0
        || base >= END
        || firstFree(base, bytes, TakenAddresses.NONE) != base) {
      return false;
    }
    taken.put(base, bytes);
    return true;
  }

  synchronized void giveBack(long base, long bytes) {
    taken.remove(base, bytes);
  }

  /** Makes the addresses a domain's; says whose they were. */
  @Nullable DomainCore own(long base, DomainCore domain) {
    return owners.put(base, domain);
  }

  /** The addresses are nobody's, if they are this domain's now. */
  void disown(long base, DomainCore domain) {
    owners.remove(base, domain);
  }

  /** The domain whose slab may hold the address, or null. */
  @Nullable DomainCore owner(long address) {
    Map.Entry<Long, DomainCore> entry = owners.floorEntry(address);
    return entry == null ? null : entry.getValue();
  }
}
