// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.v1.SessionImage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Addresses of one device's slab that a program has reserved, and what it has mapped there. Memory
 * is backed when it is mapped for the first time; after an unmapping its content stays where it is
 * until it is mapped elsewhere or released. Belongs to the session's serial executor.
 */
final class VirtualMemory {
  private final SlabAllocator slab;
  private final LedgerPages pages;
  private final long granuleBytes;

  /** First address to size. */
  private final TreeMap<Long, Long> reservations = new TreeMap<>();

  /** Where memory is, mapped or not. */
  private final TreeMap<Long, PhysicalMemory> places = new TreeMap<>();

  /** Mapped memory that the device may use, in the largest pieces. */
  private final TreeMap<Long, Allocation> accessible = new TreeMap<>();

  VirtualMemory(SlabAllocator slab, LedgerPages pages, long granuleBytes) {
    this.slab = slab;
    this.pages = pages;
    this.granuleBytes = granuleBytes;
  }

  /** What sizes and addresses are multiples of. */
  long granuleBytes() {
    return granuleBytes;
  }

  /** Whether a size or an address is a multiple of the granule, and not too large to be one. */
  boolean isWhole(long value) {
    return value >= 0 && value % granuleBytes == 0;
  }

  long reserve(long bytes, long alignment) {
    long start = slab.reserve(bytes, Math.max(alignment, granuleBytes));
    reservations.put(start, bytes);
    return start;
  }

  /** Returns false if there is no such reservation, or something is in it. */
  boolean free(long start, long bytes) {
    Long reserved = reservations.get(start);
    if (reserved == null || reserved != bytes || !within(start, bytes).isEmpty()) {
      return false;
    }
    reservations.remove(start);
    slab.unreserve(start, bytes);
    return true;
  }

  /** Whether [start, start + bytes) is part of one reservation. */
  boolean isReserved(long start, long bytes) {
    Map.Entry<Long, Long> below = reservations.floorEntry(start);
    if (below == null || bytes < 0) {
      return false;
    }
    long offset = start - below.getKey();
    return offset <= below.getValue() && bytes <= below.getValue() - offset;
  }

  /** What touches a range, mapped or not. */
  List<PhysicalMemory> within(long start, long bytes) {
    List<PhysicalMemory> found = new ArrayList<>(0);
    Map.Entry<Long, PhysicalMemory> first = places.floorEntry(start);
    long from =
        first != null && first.getKey() + first.getValue().bytes() > start ? first.getKey() : start;
    found.addAll(places.subMap(from, start + bytes).values());
    return found;
  }

  /** The mapped memory that an address lies in, or null. */
  @Nullable PhysicalMemory mappedAt(long address) {
    Map.Entry<Long, PhysicalMemory> below = places.floorEntry(address);
    return below == null
            || !below.getValue().isMapped()
            || address - below.getKey() >= below.getValue().bytes()
        ? null
        : below.getValue();
  }

  /**
   * Backs a place for memory.
   *
   * @throws io.remora.server.driver.DriverException {@code CUDA_ERROR_OUT_OF_MEMORY}
   */
  void back(PhysicalMemory memory, long address) {
    pages.commitCharged(address, memory.bytes());
    places.put(address, memory);
  }

  /** Takes away what is behind a place; nothing uses it any more. */
  void unback(PhysicalMemory memory, long address) {
    places.remove(address);
    pages.decommitCharged(address, memory.bytes());
  }

  /** Memory ends: it is mapped nowhere, and no work uses it. */
  void end(PhysicalMemory memory) {
    if (memory.place() != 0) {
      unback(memory, memory.place());
      memory.moveTo(0);
    }
    pages.discharge(memory.bytes());
  }

  /** Charges the tenant for new memory, or {@code CUDA_ERROR_OUT_OF_MEMORY}. */
  void charge(long bytes) {
    pages.charge(bytes);
  }

  /**
   * Lets the device use mapped memory, or not; joins what is accessible side by side.
   *
   * @throws io.remora.server.driver.DriverException {@code CUDA_ERROR_OUT_OF_MEMORY} if it falls
   *     into too many pieces; nothing has changed then
   */
  void setAccess(long start, long bytes, boolean allowed) {
    // A hole makes one piece more, and so does the first piece.
    slab.requireRoom();
    long from = start;
    long to = start + bytes;
    Map.Entry<Long, Allocation> before = accessible.lowerEntry(start);
    List<Allocation> touched = new ArrayList<>(0);
    if (before != null && end(before.getValue()) >= start) {
      touched.add(before.getValue());
    }
    touched.addAll(accessible.subMap(start, true, to, true).values());
    for (Allocation each : touched) {
      accessible.remove(each.address());
      slab.detach(each);
    }
    for (Allocation each : touched) {
      if (allowed) {
        from = Math.min(from, each.address());
        to = Math.max(to, end(each));
      } else {
        expose(each.address(), start);
        expose(to, end(each));
      }
    }
    if (allowed) {
      expose(from, to);
    }
  }

  private static long end(Allocation allocation) {
    return allocation.address() + allocation.bytes();
  }

  private void expose(long from, long to) {
    if (from < to) {
      accessible.put(from, slab.expose(from, to - from));
    }
  }

  /** Whether the device may use an address. */
  boolean isAccessible(long address) {
    Map.Entry<Long, Allocation> below = accessible.floorEntry(address);
    return below != null && address < end(below.getValue());
  }

  /** Writes down reservations and what is accessible; memory is written down by its handle. */
  void describe(SessionImage.Device.Builder device) {
    reservations.forEach(
        (start, bytes) ->
            device.addReservations(
                SessionImage.Range.newBuilder().setStart(start).setBytes(bytes)));
    device.addAllAccessible(accessible.keySet());
  }

  /** Goes on with what the session had on another server; the slab is as it was there. */
  void restore(SessionImage.Device image) {
    for (SessionImage.Range each : image.getReservationsList()) {
      if (!isWhole(each.getBytes()) || !slab.owns(each.getStart())) {
        throw new IllegalArgumentException("there can't be such a reservation");
      }
      reservations.put(each.getStart(), each.getBytes());
    }
    for (long address : image.getAccessibleList()) {
      Allocation exposed = slab.at(address);
      if (exposed == null) {
        throw new IllegalArgumentException("accessible memory must be known as an allocation");
      }
      accessible.put(address, exposed);
    }
  }

  /** Puts memory back where it was on another server; what is behind it is there. */
  void restore(PhysicalMemory memory) {
    if (memory.place() != 0) {
      if (!isReserved(memory.place(), memory.bytes())) {
        throw new IllegalArgumentException("memory can't be outside of reservations");
      }
      places.put(memory.place(), memory);
    }
  }
}
