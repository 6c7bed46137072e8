// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.memory;

import io.remora.ptx.MemoryFault;
import sun.misc.Unsafe;

/**
 * The loads and stores of compiled kernels. The methods that take a {@link DeviceMemory} check the
 * address: inside the window, aligned to the access, in a committed page. The methods named {@code
 * raw} take a host address that {@link #check} or {@link #checkWindow} returned, or a place in a
 * block's own scratch memory whose offset the compiler has checked.
 *
 * <p>These are small on purpose: HotSpot inlines them into the kernels' loops.
 */
public final class Access {
  private static final Unsafe UNSAFE = Raw.UNSAFE;

  private Access() {}

  /**
   * Checks a generic or global address.
   *
   * @param low access length minus one
   * @return the host address
   */
  public static long check(DeviceMemory memory, long address, int low) {
    if (((address ^ memory.base) & (memory.outsideMask | low)) != 0
        || UNSAFE.getByte(memory.pageTable + (address >>> DeviceMemory.PAGE_SHIFT)) == 0) {
      throw fault(address, low);
    }
    return address + memory.toHost;
  }

  /**
   * Checks an offset in a block's shared, local or parameter memory.
   *
   * @param host host address of the memory
   * @param bytes its length
   * @param offset where in it
   * @param low access length minus one
   * @return the host address
   */
  public static long checkWindow(long host, long bytes, long offset, int low) {
    if ((offset & low) != 0 || offset < 0 || offset >= bytes - low) {
      throw fault(offset, low);
    }
    return host + offset;
  }

  /**
   * Checks a generic or global address for code that remembers the page of its last access.
   *
   * @return the address of the page, whose other bytes need no check but for their alignment
   */
  public static long page(DeviceMemory memory, long address, int low) {
    check(memory, address, low);
    return address & -DeviceMemory.PAGE_BYTES;
  }

  /**
   * Checks an offset in a memory whose length is a power of two.
   *
   * @param outside the bits that no offset in it has
   */
  public static long checkPowerOfTwo(long host, long outside, long offset, int low) {
    if ((offset & (outside | low)) != 0) {
      throw fault(offset, low);
    }
    return host + offset;
  }

  private static MemoryFault fault(long address, int low) {
    return new MemoryFault(
        (address & low) != 0
            ? MemoryFault.Kind.MISALIGNED_ADDRESS
            : MemoryFault.Kind.ILLEGAL_ADDRESS,
        address);
  }

  /** Loads a byte with its sign. */
  public static int loadByte(DeviceMemory memory, long address) {
    return UNSAFE.getByte(check(memory, address, 0));
  }

  /** Loads 16 bits with their sign. */
  public static int loadShort(DeviceMemory memory, long address) {
    return UNSAFE.getShort(check(memory, address, 1));
  }

  /** Loads 32 bits. */
  public static int loadInt(DeviceMemory memory, long address) {
    return UNSAFE.getInt(check(memory, address, 3));
  }

  /** Loads 64 bits. */
  public static long loadLong(DeviceMemory memory, long address) {
    return UNSAFE.getLong(check(memory, address, 7));
  }

  /** Loads a float. */
  public static float loadFloat(DeviceMemory memory, long address) {
    return UNSAFE.getFloat(check(memory, address, 3));
  }

  /** Loads a double. */
  public static double loadDouble(DeviceMemory memory, long address) {
    return UNSAFE.getDouble(check(memory, address, 7));
  }

  /** Stores 8 bits. */
  public static void storeByte(DeviceMemory memory, long address, int value) {
    UNSAFE.putByte(check(memory, address, 0), (byte) value);
  }

  /** Stores 16 bits. */
  public static void storeShort(DeviceMemory memory, long address, int value) {
    UNSAFE.putShort(check(memory, address, 1), (short) value);
  }

  /** Stores 32 bits. */
  public static void storeInt(DeviceMemory memory, long address, int value) {
    UNSAFE.putInt(check(memory, address, 3), value);
  }

  /** Stores 64 bits. */
  public static void storeLong(DeviceMemory memory, long address, long value) {
    UNSAFE.putLong(check(memory, address, 7), value);
  }

  /** Stores a float. */
  public static void storeFloat(DeviceMemory memory, long address, float value) {
    UNSAFE.putFloat(check(memory, address, 3), value);
  }

  /** Stores a double. */
  public static void storeDouble(DeviceMemory memory, long address, double value) {
    UNSAFE.putDouble(check(memory, address, 7), value);
  }

  /** Loads a byte with its sign from a checked place. */
  public static int rawLoadByte(long host) {
    return UNSAFE.getByte(host);
  }

  /** Loads 16 bits with their sign from a checked place. */
  public static int rawLoadShort(long host) {
    return UNSAFE.getShort(host);
  }

  /** Loads 32 bits from a checked place. */
  public static int rawLoadInt(long host) {
    return UNSAFE.getInt(host);
  }

  /** Loads 64 bits from a checked place. */
  public static long rawLoadLong(long host) {
    return UNSAFE.getLong(host);
  }

  /** Loads a float from a checked place. */
  public static float rawLoadFloat(long host) {
    return UNSAFE.getFloat(host);
  }

  /** Loads a double from a checked place. */
  public static double rawLoadDouble(long host) {
    return UNSAFE.getDouble(host);
  }

  /** Stores 8 bits at a checked place. */
  public static void rawStoreByte(long host, int value) {
    UNSAFE.putByte(host, (byte) value);
  }

  /** Stores 16 bits at a checked place. */
  public static void rawStoreShort(long host, int value) {
    UNSAFE.putShort(host, (short) value);
  }

  /** Stores 32 bits at a checked place. */
  public static void rawStoreInt(long host, int value) {
    UNSAFE.putInt(host, value);
  }

  /** Stores 64 bits at a checked place. */
  public static void rawStoreLong(long host, long value) {
    UNSAFE.putLong(host, value);
  }

  /** Stores a float at a checked place. */
  public static void rawStoreFloat(long host, float value) {
    UNSAFE.putFloat(host, value);
  }

  /** Stores a double at a checked place. */
  public static void rawStoreDouble(long host, double value) {
    UNSAFE.putDouble(host, value);
  }

  /**
   * {@code cp.async}: copies 4, 8 or 16 bytes to a checked place, of which the last may be zeros.
   *
   * @param source device address; not looked at if {@code sourceBytes} is 0
   * @param sourceBytes bytes read; more than {@code bytes} count as {@code bytes}
   */
  public static void copySmall(
      long host, DeviceMemory memory, long source, int bytes, int sourceBytes) {
    int read = Math.max(0, Math.min(bytes, sourceBytes));
    long from = read == 0 ? 0 : check(memory, source, bytes - 1);
    if (read == bytes) {
      for (int i = 0; i < bytes; i += 4) {
        UNSAFE.putInt(host + i, UNSAFE.getInt(from + i));
      }
      return;
    }
    for (int i = 0; i < bytes; i++) {
      UNSAFE.putByte(host + i, i < read ? UNSAFE.getByte(from + i) : 0);
    }
  }

  /** {@code fence} and {@code membar}: everything before is visible before everything behind. */
  public static void fence() {
    UNSAFE.fullFence();
  }

  /** Keeps later accesses behind an acquiring load. */
  public static void acquireFence() {
    UNSAFE.loadFence();
  }

  /** Keeps earlier accesses before a releasing store. */
  public static void releaseFence() {
    UNSAFE.storeFence();
  }
}
