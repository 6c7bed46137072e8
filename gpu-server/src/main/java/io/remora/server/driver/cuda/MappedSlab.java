// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.TakenAddresses;
import io.remora.v1.CUresult;
import java.util.ArrayList;
import java.util.List;

/**
 * A slab as it is meant to be: address space that is reserved once, at a multiple of its size, and
 * physical memory that is mapped into it granule by granule, because mappings are taken away whole.
 */
final class MappedSlab implements Slab {
  private static final int OK = CUresult.CUDA_SUCCESS_VALUE;

  // CUmemAllocationProp and CUmemAccessDesc, which are plain structures of these sizes.
  private static final int PROPERTIES_BYTES = 32;
  private static final int ACCESS_BYTES = 12;
  private static final int TYPE_PINNED = 1;
  private static final int LOCATION_DEVICE = 1;
  private static final int READ_AND_WRITE = 3;
  private static final int GRANULARITY_MINIMUM = 0;

  /** How far from taken addresses others are looked for, in sizes of the slab. */
  private static final long WISHES_EACH = 64;

  private final Memory properties = new Memory(PROPERTIES_BYTES);
  private final Memory access = new Memory(ACCESS_BYTES);
  private final long granuleBytes;
  private final long reserved;
  private final long reservedBytes;
  private final long address;
  private final long bytes;
  private final Granules granules;

  /**
   * A slab in the address space of another, whose context has ended: what is still mapped there is
   * taken away.
   */
  MappedSlab(int device, MappedSlab before) {
    describe(device);
    before.unmapAll();
    this.granuleBytes = before.granuleBytes;
    this.bytes = before.bytes;
    this.reserved = before.reserved;
    this.reservedBytes = before.reservedBytes;
    this.address = before.address;
    this.granules = new Granules(address, bytes, granuleBytes);
  }

  private void describe(int device) {
    properties.clear();
    properties.setInt(0, TYPE_PINNED);
    properties.setInt(8, LOCATION_DEVICE);
    properties.setInt(12, device);
    access.setInt(0, LOCATION_DEVICE);
    access.setInt(4, device);
    access.setInt(8, READ_AND_WRITE);
  }

  /**
   * A slab at new addresses.
   *
   * @param taken addresses that it is not to have; if the driver has no others it has them
   */
  MappedSlab(int device, long bytes, TakenAddresses taken) {
    describe(device);
    this.granuleBytes = granularity();
    this.bytes = bytes;
    long[] out = new long[1];
    long space = bytes;
    int result = VirtualMemoryCalls.cuMemAddressReserve(out, space, bytes, 0, 0);
    for (long wish : wishes(bytes, taken)) {
      if (result == OK && taken.overlap(out[0], bytes)) {
        int unused = VirtualMemoryCalls.cuMemAddressFree(out[0], space);
        result = VirtualMemoryCalls.cuMemAddressReserve(out, space, bytes, wish, 0);
      }
    }
    if (result == OK && out[0] % bytes != 0) {
      // The driver takes the alignment as a wish.
      int unused = VirtualMemoryCalls.cuMemAddressFree(out[0], space);
      result = CUresult.CUDA_ERROR_INVALID_VALUE_VALUE;
    }
    if (result != OK) {
      space = 2 * bytes;
      Cuda.require(
          VirtualMemoryCalls.cuMemAddressReserve(out, space, 0, 0, 0), "cuMemAddressReserve");
    }
    this.reserved = out[0];
    this.reservedBytes = space;
    this.address = (reserved + bytes - 1) & -bytes;
    this.granules = new Granules(address, bytes, granuleBytes);
  }

  private long granularity() {
    long[] out = new long[1];
    Cuda.require(
        VirtualMemoryCalls.cuMemGetAllocationGranularity(
            out, Pointer.nativeValue(properties), GRANULARITY_MINIMUM),
        "cuMemGetAllocationGranularity");
    return out[0];
  }

  /** Beginnings behind and before what is taken, for a driver that takes an address as a wish. */
  private static List<Long> wishes(long bytes, TakenAddresses taken) {
    List<Long> wishes = new ArrayList<>();
    for (TakenAddresses.Range each : taken.ranges()) {
      for (long distance = 1; distance <= WISHES_EACH; distance *= 2) {
        long behind =
            ((each.address() + each.bytes() + bytes - 1) & -bytes) + (distance - 1) * bytes;
        long before = (each.address() & -bytes) - distance * bytes;
        wishes.add(behind);
        if (before > 0) {
          wishes.add(before);
        }
      }
    }
    return wishes;
  }

  /**
   * A slab at certain addresses, which a session has had on another server.
   *
   * @throws DriverException {@code CUDA_ERROR_OUT_OF_MEMORY} if the driver gives others
   */
  MappedSlab(int device, long bytes, long wanted) {
    describe(device);
    this.granuleBytes = granularity();
    this.bytes = bytes;
    long[] out = new long[1];
    Cuda.require(
        VirtualMemoryCalls.cuMemAddressReserve(out, bytes, bytes, wanted, 0),
        "cuMemAddressReserve");
    if (out[0] != wanted) {
      int unused = VirtualMemoryCalls.cuMemAddressFree(out[0], bytes);
      throw new DriverException(
          CUresult.CUDA_ERROR_OUT_OF_MEMORY_VALUE,
          "the driver doesn't give the session's addresses here");
    }
    this.reserved = wanted;
    this.reservedBytes = bytes;
    this.address = wanted;
    this.granules = new Granules(address, bytes, granuleBytes);
  }

  @Override
  public long address() {
    return address;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public long granuleBytes() {
    return granuleBytes;
  }

  @Override
  public void commit(long from, long length) {
    granules.require(from, length);
    long done = 0;
    int result = OK;
    for (; done < length && result == OK; done += granuleBytes) {
      if (!granules.get(granules.indexOf(from + done))) {
        result = map(from + done);
      }
    }
    if (result == OK) {
      result = VirtualMemoryCalls.cuMemSetAccess(from, length, Pointer.nativeValue(access), 1);
    } else {
      done -= granuleBytes;
    }
    if (result != OK) {
      unmap(from, done);
      throw Cuda.failure(result, "backing " + length + " bytes of device memory");
    }
  }

  private int map(long at) {
    long[] handle = new long[1];
    int result =
        VirtualMemoryCalls.cuMemCreate(handle, granuleBytes, Pointer.nativeValue(properties), 0);
    if (result != OK) {
      return result;
    }
    result = VirtualMemoryCalls.cuMemMap(at, granuleBytes, 0, handle[0], 0);
    // The mapping keeps the memory.
    int unused = VirtualMemoryCalls.cuMemRelease(handle[0]);
    if (result == OK) {
      granules.set(granules.indexOf(at), true);
    }
    return result;
  }

  @Override
  public void decommit(long from, long length) {
    granules.require(from, length);
    unmap(from, length);
  }

  private void unmap(long from, long length) {
    for (long at = from; at < from + length; at += granuleBytes) {
      int index = granules.indexOf(at);
      if (granules.get(index)) {
        granules.set(index, false);
        Cuda.require(VirtualMemoryCalls.cuMemUnmap(at, granuleBytes), "cuMemUnmap");
      }
    }
  }

  @Override
  public boolean isCommitted(long at, long length) {
    return granules.covers(at, length);
  }

  @Override
  public void close() {
    unmapAll();
    int unused = VirtualMemoryCalls.cuMemAddressFree(reserved, reservedBytes);
  }

  /** Takes all memory away. */
  void unmapAll() {
    for (int index = granules.nextCommitted(0); index >= 0; index = granules.nextCommitted(index)) {
      granules.set(index, false);
      int unused = VirtualMemoryCalls.cuMemUnmap(address + index * granuleBytes, granuleBytes);
    }
  }
}
