// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver;

import java.util.List;

/**
 * Addresses that a slab must not have, because its user has other memory there.
 *
 * @param ranges not sorted; they may overlap
 */
public record TakenAddresses(List<Range> ranges) {
  /** Every address is free. */
  public static final TakenAddresses NONE = new TakenAddresses(List.of());

  /**
   * @param address the first
   * @param bytes at least 1; the range ends below 2^63
   */
  public record Range(long address, long bytes) {
    public Range {
      if (address < 0 || bytes < 1 || address > Long.MAX_VALUE - bytes) {
        throw new IllegalArgumentException(
            "no range of addresses: 0x" + Long.toHexString(address) + " and " + bytes + " bytes");
      }
    }
  }

  public TakenAddresses {
    ranges = List.copyOf(ranges);
  }

  /** Whether one of these addresses lies in a range. */
  public boolean overlap(long address, long bytes) {
    return ranges.stream()
        .anyMatch(
            each -> address < each.address() + each.bytes() && each.address() < address + bytes);
  }
}
