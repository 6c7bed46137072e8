// SPDX-License-Identifier: Apache-2.0
package io.remora.server.session;

import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import io.remora.v1.SessionImage;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * Gives out parts of one session's slab on one device: best fit over coalesced free ranges, the
 * lowest address among equals. A granule is backed by memory exactly while a block touches it.
 *
 * <p>Freeing has two steps, because pending work may still use the memory: {@link #detach} makes
 * the address unknown at once; {@link #recycle} lets the block be given out again, when the session
 * knows that the work is over. Owned by the session's serial executor.
 */
final class SlabAllocator {
  /** Alignment of every allocation in bytes: CUDA promises 256, textures want 512. */
  static final long ALIGNMENT_BYTES = 512;

  /** No context has this handle. */
  private static final long NO_OWNER = -1;

  private final long slabStart;
  private final long slabEnd;
  private final long granuleBytes;
  private final int allocationsMax;
  private final SlabPages pages;

  /** Start of each free range to its size. */
  private final TreeMap<Long, Long> freeByStart = new TreeMap<>();

  private final TreeSet<Range> freeBySize =
      new TreeSet<>(Comparator.comparingLong(Range::bytes).thenComparingLong(Range::start));

  /** Read by other threads, too, to describe addresses. */
  private final ConcurrentSkipListMap<Long, Allocation> live = new ConcurrentSkipListMap<>();

  private int liveCount;
  private int reservedCount;
  private @Nullable Allocation lastFound;
  private long bufferIds;
  private long committedBytes;
  private int adopted;

  /**
   * @param slabAddress first address, a multiple of the granule
   * @param slabBytes a multiple of the granule
   * @param granuleBytes a power of two, at least the alignment
   * @param allocationsMax how many allocations may live at once
   */
  SlabAllocator(
      long slabAddress, long slabBytes, long granuleBytes, int allocationsMax, SlabPages pages) {
    if (slabAddress % granuleBytes != 0
        || slabBytes % granuleBytes != 0
        || granuleBytes % ALIGNMENT_BYTES != 0) {
      throw new IllegalArgumentException("slab must consist of whole granules");
    }
    this.slabStart = slabAddress;
    this.slabEnd = slabAddress + slabBytes;
    this.granuleBytes = granuleBytes;
    this.allocationsMax = allocationsMax;
    this.pages = pages;
    addFree(slabAddress, slabBytes);
  }

  private record Range(long start, long bytes) {}

  /** Memory that backs the slab now, in bytes. */
  long committedBytes() {
    return committedBytes;
  }

  /** How many allocations live. */
  int liveCount() {
    return liveCount;
  }

  /**
   * Gives out memory.
   *
   * @param bytes at least 1
   * @param owner handle of the context that it shall belong to
   * @throws DriverException {@code CUDA_ERROR_OUT_OF_MEMORY}; nothing has changed then
   */
  Allocation allocate(long bytes, long owner, boolean moduleVariable) {
    return allocate(bytes, owner, moduleVariable, ALIGNMENT_BYTES);
  }

  /**
   * Gives out memory for a module's variable, as {@link #allocate}.
   *
   * @param alignment a power of two; beyond {@link #ALIGNMENT_BYTES} the block consists of whole
   *     such pieces
   */
  Allocation allocateVariable(long bytes, long owner, int alignment) {
    return allocate(bytes, owner, true, Math.max(alignment, ALIGNMENT_BYTES));
  }

  private Allocation allocate(long bytes, long owner, boolean moduleVariable, long alignment) {
    requireRoom();
    long size = roundUp(bytes, alignment);
    // Somewhere in a range of this size there is an aligned place.
    long room = size + alignment - ALIGNMENT_BYTES;
    Range range =
        bytes <= 0 || size <= 0 || room <= 0 ? null : freeBySize.ceiling(new Range(0, room));
    if (range == null) {
      throw outOfMemory("the session's address space has no " + bytes + " bytes in one piece");
    }
    long start = roundUp(range.start(), alignment);
    long rangeEnd = range.start() + range.bytes();
    commitWithin(start, start + size, range.start(), rangeEnd);
    take(range, start, start + size);
    Allocation allocation = new Allocation(start, bytes, size, owner, ++bufferIds, moduleVariable);
    live.put(start, allocation);
    liveCount++;
    return allocation;
  }

  /**
   * Sets addresses aside without memory behind them.
   *
   * @param bytes whole granules
   * @param alignment a power of two, at least the granule
   * @return the first address
   * @throws DriverException {@code CUDA_ERROR_OUT_OF_MEMORY} if there are not so many in one piece,
   *     or as many reservations as there may be allocations
   */
  long reserve(long bytes, long alignment) {
    if (reservedCount >= allocationsMax) {
      throw outOfMemory("the session has reached its limit of " + allocationsMax + " reservations");
    }
    long room = bytes + alignment;
    Range range = room <= 0 ? null : freeBySize.ceiling(new Range(0, room));
    if (range == null) {
      throw outOfMemory("the session's address space has no " + bytes + " bytes in one piece");
    }
    long start = roundUp(range.start(), alignment);
    take(range, start, start + bytes);
    reservedCount++;
    return start;
  }

  /** Gives addresses back that were set aside; nothing is behind them any more. */
  void unreserve(long start, long bytes) {
    reservedCount--;
    Range merged = merge(start, start + bytes);
    addFree(merged.start(), merged.bytes());
  }

  /**
   * Checks that there may be one allocation more.
   *
   * @throws DriverException {@code CUDA_ERROR_OUT_OF_MEMORY} if not
   */
  void requireRoom() {
    if (liveCount >= allocationsMax) {
      throw outOfMemory("the session has reached its limit of " + allocationsMax + " allocations");
    }
  }

  /**
   * Lets memory at reserved addresses be known as an allocation that can't be freed as such. It
   * ends by {@link #detach}. Who calls has asked {@link #requireRoom}.
   */
  Allocation expose(long address, long bytes) {
    Allocation allocation = new Allocation(address, bytes, 0, NO_OWNER, ++bufferIds, true);
    live.put(address, allocation);
    liveCount++;
    return allocation;
  }

  /**
   * Lets memory outside of the slab be known by its address as a module's variable, which it is:
   * the driver has placed it. It costs nothing and ends as other allocations do.
   */
  Allocation adopt(long address, long bytes, long owner) {
    Allocation known = live.get(address);
    if (known != null) {
      return known;
    }
    requireRoom();
    Allocation allocation = new Allocation(address, bytes, 0, owner, ++bufferIds, true);
    live.put(address, allocation);
    liveCount++;
    adopted++;
    return allocation;
  }

  /** Whether an address lies in the slab, or in memory that was adopted. */
  boolean owns(long address) {
    return isInSlab(address) || adopted > 0 && find(address) != null;
  }

  private boolean isInSlab(long address) {
    return address - slabStart >= 0 && address - slabStart < slabEnd - slabStart;
  }

  /** The allocation that begins at an address, or null. */
  @Nullable Allocation at(long address) {
    return live.get(address);
  }

  /** The allocation that an address lies in, or null. */
  @Nullable Allocation find(long address) {
    Allocation last = lastFound;
    if (last != null && address >= last.address() && address - last.address() < last.bytes()) {
      return last;
    }
    Map.Entry<Long, Allocation> below = live.floorEntry(address);
    if (below == null || address - below.getKey() >= below.getValue().bytes()) {
      return null;
    }
    lastFound = below.getValue();
    return lastFound;
  }

  /**
   * Says where an address lies, seen from the nearest allocation. Any thread.
   *
   * @return a clause such as {@code 16 bytes after an allocation of 1024 bytes at 0x7f00}; empty if
   *     nothing is allocated
   */
  String describe(long address) {
    Map.Entry<Long, Allocation> below = live.floorEntry(address);
    Map.Entry<Long, Allocation> above = live.higherEntry(address);
    Allocation before = below == null ? null : below.getValue();
    if (before != null && address - before.address() < before.bytes()) {
      return (address - before.address()) + " bytes inside " + describe(before);
    }
    long beyond = before == null ? Long.MAX_VALUE : address - before.address() - before.bytes();
    if (above != null && above.getKey() - address < beyond) {
      return (above.getKey() - address) + " bytes before " + describe(above.getValue());
    }
    return before == null ? "" : beyond + " bytes after " + describe(before);
  }

  private static String describe(Allocation allocation) {
    return "an allocation of "
        + allocation.bytes()
        + " bytes at 0x"
        + Long.toHexString(allocation.address());
  }

  /** All allocations that belong to a context; a copy. */
  List<Allocation> ownedBy(long owner) {
    List<Allocation> owned = new ArrayList<>();
    for (Allocation allocation : live.values()) {
      if (allocation.owner() == owner) {
        owned.add(allocation);
      }
    }
    return owned;
  }

  /**
   * First step of freeing: from now on the address is not an allocation's. The memory stays as it
   * is until {@link #recycle}.
   */
  void detach(Allocation allocation) {
    if (!live.remove(allocation.address(), allocation)) {
      throw new IllegalStateException("detached twice");
    }
    liveCount--;
    if (lastFound == allocation) {
      lastFound = null;
    }
  }

  /**
   * Instead of the second step: the block of a detached allocation becomes a new allocation.
   *
   * @param bytes not more than the block has
   */
  Allocation revive(Allocation detached, long bytes, long owner) {
    if (bytes > detached.blockBytes()) {
      throw new IllegalArgumentException("the block is too small");
    }
    Allocation allocation =
        new Allocation(detached.address(), bytes, detached.blockBytes(), owner, ++bufferIds, false);
    allocation.belongsTo(detached.pool());
    live.put(allocation.address(), allocation);
    liveCount++;
    return allocation;
  }

  /** Second step of freeing, once for each detached allocation: nothing uses the block any more. */
  void recycle(Allocation detached) {
    long start = detached.address();
    if (!isInSlab(start)) {
      adopted--;
      return;
    }
    long end = start + detached.blockBytes();
    Range merged = merge(start, end);
    addFree(merged.start(), merged.bytes());
    decommitWithin(start, end, merged.start(), merged.start() + merged.bytes());
  }

  /** Takes [start, end) out of a free range. */
  private void take(Range range, long start, long end) {
    long rangeEnd = range.start() + range.bytes();
    removeFree(range);
    if (start > range.start()) {
      addFree(range.start(), start - range.start());
    }
    if (rangeEnd > end) {
      addFree(end, rangeEnd - end);
    }
  }

  /** Takes the free neighbours of [start, end) out, and returns all in one. */
  private Range merge(long start, long end) {
    long mergedStart = start;
    long mergedEnd = end;
    Map.Entry<Long, Long> before = freeByStart.lowerEntry(start);
    if (before != null && before.getKey() + before.getValue() == start) {
      mergedStart = before.getKey();
      removeFree(new Range(mergedStart, before.getValue()));
    }
    Long after = end == slabEnd ? null : freeByStart.get(end);
    if (after != null) {
      mergedEnd = end + after;
      removeFree(new Range(end, after));
    }
    return new Range(mergedStart, mergedEnd - mergedStart);
  }

  /**
   * Commits what a new block [start, end) in a free range touches. A granule that reaches beyond
   * the free range is in use by a neighbour, hence committed; all others are not.
   */
  private void commitWithin(long start, long end, long rangeStart, long rangeEnd) {
    long from = Math.max(granuleDown(start), granuleUp(rangeStart));
    long to = Math.min(granuleUp(end), granuleDown(rangeEnd));
    if (from < to) {
      pages.commit(from, to - from);
      committedBytes += to - from;
    }
  }

  /** The reverse, for a block that has become part of the free range. */
  private void decommitWithin(long start, long end, long rangeStart, long rangeEnd) {
    long from = Math.max(granuleDown(start), granuleUp(rangeStart));
    long to = Math.min(granuleUp(end), granuleDown(rangeEnd));
    if (from < to) {
      committedBytes -= to - from;
      pages.decommit(from, to - from);
    }
  }

  private void addFree(long start, long bytes) {
    freeByStart.put(start, bytes);
    freeBySize.add(new Range(start, bytes));
  }

  private void removeFree(Range range) {
    freeByStart.remove(range.start());
    freeBySize.remove(range);
  }

  private long granuleDown(long address) {
    return address & -granuleBytes;
  }

  private long granuleUp(long address) {
    return (address + granuleBytes - 1) & -granuleBytes;
  }

  private static long roundUp(long bytes, long alignment) {
    return (bytes + alignment - 1) & -alignment;
  }

  private static DriverException outOfMemory(String detail) {
    return new DriverException(CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE, detail);
  }

  /** What is allocated and what is free, as another server needs it. */
  SessionImage.Slab image() {
    SessionImage.Slab.Builder image =
        SessionImage.Slab.newBuilder()
            .setReservations(reservedCount)
            .setBufferIds(bufferIds)
            .setCommittedBytes(committedBytes);
    live.values().forEach(each -> image.addAllocations(each.image()));
    freeByStart.forEach(
        (start, bytes) ->
            image.addFree(SessionImage.Range.newBuilder().setStart(start).setBytes(bytes)));
    return image.build();
  }

  /**
   * Goes on with what the session had on another server; nothing is allocated yet.
   *
   * @throws IllegalArgumentException if that can't be
   */
  void restore(SessionImage.Slab image) {
    require(image.getAllocationsCount() <= allocationsMax, "so many allocations");
    require(
        image.getReservations() >= 0 && image.getReservations() <= allocationsMax,
        "so many reservations");
    freeByStart.clear();
    freeBySize.clear();
    long end = slabStart;
    for (SessionImage.Range free : image.getFreeList()) {
      requireWithinSlab(free.getStart(), free.getBytes());
      require(free.getStart() >= end && free.getBytes() > 0, "such free ranges");
      addFree(free.getStart(), free.getBytes());
      end = free.getStart() + free.getBytes();
    }
    long taken = slabStart;
    for (SessionImage.Allocation each : image.getAllocationsList()) {
      Allocation allocation = Allocation.of(each);
      if (allocation.blockBytes() != 0) {
        requireWithinSlab(allocation.address(), allocation.blockBytes());
        require(
            allocation.address() >= taken
                && isTaken(allocation)
                && allocation.bytes() > 0
                && allocation.bytes() <= allocation.blockBytes(),
            "such allocations");
        taken = allocation.address() + allocation.blockBytes();
      } else if (!isInSlab(allocation.address())) {
        adopted++;
      }
      require(live.put(allocation.address(), allocation) == null, "two allocations at one place");
    }
    liveCount = live.size();
    reservedCount = image.getReservations();
    bufferIds = image.getBufferIds();
    committedBytes = image.getCommittedBytes();
  }

  /** Whether a block lies in no free range. */
  private boolean isTaken(Allocation block) {
    Map.Entry<Long, Long> free = freeByStart.lowerEntry(block.address() + block.blockBytes());
    return free == null || free.getKey() + free.getValue() <= block.address();
  }

  private void requireWithinSlab(long start, long bytes) {
    require(
        isInSlab(start)
            && bytes > 0
            && bytes <= slabEnd - start
            && start % ALIGNMENT_BYTES == 0
            && bytes % ALIGNMENT_BYTES == 0,
        "ranges beyond the slab");
  }

  private static void require(boolean right, String what) {
    if (!right) {
      throw new IllegalArgumentException("a slab can't have " + what);
    }
  }
}
