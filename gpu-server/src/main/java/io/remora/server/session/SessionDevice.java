// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.Domain;
import io.remora.server.metrics.DeviceReading;
import io.remora.server.queue.Lane;
import io.remora.server.queue.LaneStats;

/** What a session owns on one device. */
final class SessionDevice {
  private final DeviceDescription description;
  private final Domain domain;
  private final Lane lane;
  private final LedgerPages pages;
  private final Residency residency;
  private final SlabAllocator memory;
  private final LaunchLimits launchLimits;
  private final PrintBuffer prints;
  private final DevicePools pools;
  private final VirtualMemory virtualMemory;
  private final int ordinal;

  /** The sticky fault of this session's work here; {@code CUDA_SUCCESS} if there is none. */
  private volatile int fault;

  private volatile String faultDetail = "";

  /**
   * @param ordinal the number that the client knows the device by
   */
  SessionDevice(
      int ordinal,
      DeviceDescription description,
      Domain domain,
      Lane lane,
      Residency residency,
      LedgerPages pages,
      PrintBuffer prints,
      int allocationsMax) {
    this.ordinal = ordinal;
    this.description = description;
    this.launchLimits = LaunchLimits.of(description);
    this.domain = domain;
    this.lane = lane;
    this.pages = pages;
    this.residency = residency;
    this.prints = prints;
    this.memory =
        new SlabAllocator(
            domain.slabAddress(), domain.slabBytes(), domain.granuleBytes(), allocationsMax, pages);
    this.pools = new DevicePools(this);
    this.virtualMemory = new VirtualMemory(memory, pages, domain.granuleBytes());
  }

  /** The number that the client knows the device by: its place among those that it may use. */
  int ordinal() {
    return ordinal;
  }

  LaunchLimits launchLimits() {
    return launchLimits;
  }

  DeviceDescription description() {
    return description;
  }

  Domain domain() {
    return domain;
  }

  Lane lane() {
    return lane;
  }

  /** What kernels have printed here. */
  PrintBuffer prints() {
    return prints;
  }

  /** Where the memory is. */
  Residency residency() {
    return residency;
  }

  /** Whether the last allocation was refused by the device, while the tenant's quota had room. */
  boolean isFull() {
    return pages.isDeviceFull();
  }

  SlabAllocator memory() {
    return memory;
  }

  /** Addresses and memory that the program joins itself. */
  VirtualMemory virtualMemory() {
    return virtualMemory;
  }

  DevicePools pools() {
    return pools;
  }

  /** What the session has done here so far. Any thread. */
  DeviceReading reading() {
    LaneStats stats = lane.stats();
    return new DeviceReading(
        description.ordinal(),
        stats.deviceNanos(),
        stats.queueNanos(),
        stats.works(),
        stats.inFlight(),
        stats.pending(),
        pages.chargedBytes());
  }

  /** Whether an address is one of this device's memory as the session knows it. */
  boolean ownsAddress(long address) {
    return memory.owns(address);
  }

  int fault() {
    return fault;
  }

  String faultDetail() {
    return faultDetail;
  }

  /** Any thread; only the first fault counts. */
  synchronized void faulted(int result, String detail) {
    // Two threads may report a fault each; the lock makes them agree on the first.
    if (fault == 0) {
      faultDetail = detail;
      fault = result;
    }
  }

  /** Stops and frees everything; on a worker. */
  void close() {
    try {
      residency.close();
      domain.close();
    } finally {
      residency.domainClosed();
      pages.domainClosed();
    }
  }
}
