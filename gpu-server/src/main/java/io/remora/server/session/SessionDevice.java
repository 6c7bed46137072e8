// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DeviceDescription;
import io.remora.server.driver.Domain;
import io.remora.server.driver.DomainImage;
import io.remora.server.driver.DriverException;
import io.remora.server.metrics.DeviceReading;
import io.remora.server.queue.Lane;
import io.remora.server.queue.LaneStats;
import io.remora.v1.CUlimit;
import io.remora.v1.CUresult;
import io.remora.v1.SessionImage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What a session owns on one device. */
final class SessionDevice {
  /** CU_DEVICE_ATTRIBUTE_PCI_BUS_ID, _DEVICE_ID and _DOMAIN_ID: where a device is, not what. */
  private static final Set<Integer> PLACE_ATTRIBUTES = Set.of(33, 34, 50);

  /** Where it is now. */
  private record Home(DeviceDescription description, Domain domain, Lane lane) {}

  private final DomainTerms terms;
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

  /** What of {@link LedgerPages#chargedBytes} is for the kernels' heap. */
  private long heapChargedBytes;

  private boolean synchronousMemory;

  private volatile String faultDetail = "";

  /** Written by the session's serial executor. */
  private volatile Home home;

  /** What the session did on devices that it has left. */
  private volatile List<DeviceReading> past = List.of();

  /** What has ended the domain, though not by this session's fault; null while it lives. */
  private volatile @Nullable String lostDetail;

  /**
   * @param ordinal the number that the client knows the device by
   */
  SessionDevice(
      int ordinal,
      DeviceDescription description,
      Domain domain,
      Lane lane,
      DomainTerms terms,
      Residency residency,
      LedgerPages pages,
      PrintBuffer prints,
      int allocationsMax) {
    this.ordinal = ordinal;
    this.home = new Home(description, domain, lane);
    this.terms = terms;
    this.launchLimits = LaunchLimits.of(description);
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

  /** The device that it is on now; what the client was told of the first one holds for it too. */
  DeviceDescription description() {
    return home.description();
  }

  Domain domain() {
    return home.domain();
  }

  Lane lane() {
    return home.lane();
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

  /** What a session has done so far, each device once. Any thread. */
  static List<DeviceReading> readings(List<SessionDevice> devices) {
    Map<Integer, DeviceReading> readings = new TreeMap<>();
    for (SessionDevice device : devices) {
      for (DeviceReading each : device.past) {
        readings.merge(each.ordinal(), each, DeviceReading::plus);
      }
      DeviceReading now = reading(device.home, device.pages.chargedBytes());
      readings.merge(now.ordinal(), now, DeviceReading::plus);
    }
    return List.copyOf(readings.values());
  }

  /**
   * Sets how much memory kernels may hold from {@code malloc}; what that is beyond the device's
   * usual heap is charged.
   *
   * @throws DriverException if the quota or the device doesn't have it, or if it is too late
   */
  void limitHeap(long bytes) {
    if (bytes < 0) {
      throw new DriverException(
          CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE, "no device has a heap of this size");
    }
    long charge = heapCharge(bytes);
    long more = Math.max(0, charge - heapChargedBytes);
    pages.charge(more);
    boolean done = false;
    try {
      done = home.domain().limitHeap(bytes);
    } finally {
      pages.discharge(done ? Math.max(0, heapChargedBytes - charge) : more);
    }
    heapChargedBytes = done ? charge : heapChargedBytes;
  }

  /** From now on operations on memory that CUDA calls synchronous are over for all streams. */
  void synchronizeMemory() {
    synchronousMemory = true;
  }

  /** Whether the program has asked for that, for any of its memory. */
  boolean synchronizesMemory() {
    return synchronousMemory;
  }

  private long heapCharge(long bytes) {
    long usual = description().limits().getOrDefault(CUlimit.CU_LIMIT_MALLOC_HEAP_SIZE_VALUE, 0L);
    return Math.max(0, bytes - usual);
  }

  private static DeviceReading reading(Home home, long memoryBytes) {
    LaneStats stats = home.lane().stats();
    return new DeviceReading(
        home.description().ordinal(),
        stats.deviceNanos(),
        stats.queueNanos(),
        stats.works(),
        stats.inFlight(),
        stats.pending(),
        memoryBytes);
  }

  /** Whether the lane has no work, waiting or issued. */
  boolean isIdle() {
    LaneStats stats = home.lane().stats();
    return stats.inFlight() == 0 && stats.pending() == 0;
  }

  /** The domain has ended, though not by this session's fault; any thread. */
  void lost(String detail) {
    lostDetail = detail;
  }

  /** What has ended the domain; null while it lives, or a successor of it. */
  @Nullable String lostDetail() {
    return lostDetail;
  }

  /**
   * Puts a successor in the place of a domain that is lost; on a worker, while nothing is under
   * way.
   *
   * @throws DriverException if something can't be had again
   */
  void replace() {
    long gone = residency.deviceBytes();
    if (gone > 0) {
      throw new DriverException(
          CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED_VALUE,
          gone + " bytes of its memory were on the device");
    }
    Home before = home;
    succeed(before.domain(), before.description(), before.lane(), null);
    lostDetail = null;
  }

  /**
   * Moves to another device; on a worker, while nothing is under way.
   *
   * @return bytes that were copied
   * @throws DriverException if that can't be; nothing has changed then
   */
  long moveTo(DeviceDescription to, SessionServices services) {
    Home before = home;
    checkAlike(before.description(), to);
    long bytes = residency.deviceBytes();
    DeviceReading left = reading(before, 0);
    Lane lane = before.lane().twinOn(services.queues().get(to.ordinal()));
    boolean moved = false;
    try {
      succeed(before.domain(), to, lane, services.spills().get(to.ordinal()));
      moved = true;
    } finally {
      (moved ? before.lane() : lane).close();
    }
    List<DeviceReading> more = new ArrayList<>(past);
    more.add(left);
    past = List.copyOf(more);
    return bytes;
  }

  private void succeed(
      Domain before, DeviceDescription description, Lane lane, @Nullable DeviceSpill spill) {
    DomainImage image = before.image();
    Domain successor = terms.reopen(description.ordinal(), image);
    boolean done = false;
    try {
      residency.moveTo(successor, image, spill);
      done = true;
    } finally {
      if (!done) {
        successor.close();
      }
    }
    home = new Home(description, successor, lane);
    before.close();
  }

  /** What the program was told of its device must stay true. */
  private static void checkAlike(DeviceDescription from, DeviceDescription to) {
    if (from.ordinal() == to.ordinal()) {
      throw new DriverException(
          CUresult.CUDA_ERROR_INVALID_VALUE_VALUE,
          "the session is on device " + to.ordinal() + " already");
    }
    if (!what(from).equals(what(to))
        || !from.limits().equals(to.limits())
        || from.totalMemoryBytes() != to.totalMemoryBytes()
        || from.streamPriorityLeast() != to.streamPriorityLeast()
        || from.streamPriorityGreatest() != to.streamPriorityGreatest()) {
      throw new DriverException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
          "device "
              + to.ordinal()
              + " isn't like device "
              + from.ordinal()
              + ", and the program knows what that can do");
    }
  }

  /** What a device can do, whichever it is. */
  static Map<Integer, Integer> what(DeviceDescription device) {
    return what(device.attributes());
  }

  /** What of attributes is the same for all devices of a kind. */
  static Map<Integer, Integer> what(Map<Integer, Integer> all) {
    Map<Integer, Integer> attributes = new HashMap<>(all);
    attributes.keySet().removeAll(PLACE_ATTRIBUTES);
    return attributes;
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
      home.domain().close();
    } finally {
      residency.domainClosed();
      pages.domainClosed();
    }
  }

  /** What the session holds here, in bytes of the tenant's quota. */
  long chargedBytes() {
    return pages.chargedBytes();
  }

  /**
   * Goes on with what the session had on another server: charges the tenant, has memory behind the
   * same addresses, and the driver's objects under the same handles; the contents are still to
   * come. On a worker.
   *
   * @param before what the driver had there
   * @throws DriverException if the quota or the device doesn't have it
   * @throws IllegalArgumentException if there can't be such a session
   */
  void arrive(SessionImage.Device image, DomainImage before, DeviceSpill spill) {
    pages.charge(image.getChargedBytes());
    heapChargedBytes = heapCharge(before.heapBytes());
    long backed = heapChargedBytes;
    if (backed > image.getChargedBytes()) {
      throw new IllegalArgumentException("more heap is there than is charged");
    }
    for (SessionImage.Range range : image.getBackedList()) {
      backed += range.getBytes();
      if (range.getBytes() <= 0 || backed > image.getChargedBytes()) {
        throw new IllegalArgumentException("more memory is backed than is charged");
      }
      commit(range, spill);
    }
    memory.restore(image.getSlab());
    home.domain().adopt(before);
    prints.setBytesMax(Math.max(0, Math.min(image.getPrintBytesMax(), PrintBuffer.BYTES_MAX)));
  }

  private void commit(SessionImage.Range range, DeviceSpill spill) {
    try {
      pages.commitCharged(range.getStart(), range.getBytes());
    } catch (DriverException full) {
      // Sessions that are idle may have to give their memory away.
      if (!residency.isTracked() || !spill.makeRoom(range.getBytes(), residency)) {
        throw full;
      }
      pages.commitCharged(range.getStart(), range.getBytes());
    }
  }
}
