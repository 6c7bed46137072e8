// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.server.driver.DriverException;
import io.remora.server.driver.TakenAddresses;
import io.remora.v1.CUresult;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * Deals out windows of device addresses, over all devices of a driver, so that an address names its
 * domain. Addresses are synthetic; the first is far from 0, so that small numbers taken for
 * pointers are caught.
 */
final class AddressWindows {
  private static final long FIRST = 1L << 40;
  private static final long END = 1L << 47;

  private final ConcurrentSkipListMap<Long, DomainCore> owners = new ConcurrentSkipListMap<>();
  private final Map<Long, Deque<Long>> free = new HashMap<>();
  private long next = FIRST;

  /**
   * Takes a window aligned to its size, a power of two.
   *
   * @param taken addresses that it must not have
   */
  synchronized long take(long bytes, TakenAddresses taken) {
    Deque<Long> returned = free.getOrDefault(bytes, new ArrayDeque<>());
    for (Iterator<Long> each = returned.iterator(); each.hasNext(); ) {
      long base = each.next();
      if (!taken.overlap(base, bytes)) {
        each.remove();
        return base;
      }
    }
    long base = (next + bytes - 1) & -bytes;
    while (bytes <= END - base && taken.overlap(base, bytes)) {
      // Somebody else's session may have it later.
      giveBack(base, bytes);
      base += bytes;
      next = base;
    }
    if (bytes > END - base) {
      throw new DriverException(
          CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE,
          "no addresses left for a slab of " + bytes / 2 + " bytes; configure smaller slabs");
    }
    next = base + bytes;
    return base;
  }

  synchronized void giveBack(long base, long bytes) {
    // At the end: an address of a session that ended should stay unused for as long as possible.
    free.computeIfAbsent(bytes, size -> new ArrayDeque<>()).addLast(base);
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
