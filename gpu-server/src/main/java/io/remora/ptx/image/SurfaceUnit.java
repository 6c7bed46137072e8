// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.image;

import io.remora.ptx.MemoryFault;
import io.remora.ptx.memory.Access;
import io.remora.ptx.memory.DeviceMemory;

/**
 * Reads and writes surfaces for the blocks of one worker, which owns it. Values pass through {@link
 * #lanes}, which compiled code fills and empties.
 */
public final class SurfaceUnit {
  /** A place outside is a fault. */
  public static final int TRAP = 0;

  /** A place outside means the nearest inside. */
  public static final int CLAMP = 1;

  /** A place outside reads as zero, and what is written there is lost. */
  public static final int ZERO = 2;

  /** Elements of a vector, in the low bits. */
  public final long[] lanes = new long[4];

  private final DeviceMemory memory;
  private final ImageTable table;

  /**
   * @param memory where the images are
   * @param table what kernels may name
   */
  public SurfaceUnit(DeviceMemory memory, ImageTable table) {
    this.memory = memory;
    this.table = table;
  }

  private Surface surface(long object) {
    if (table.find(object) instanceof Surface surface) {
      return surface;
    }
    throw new MemoryFault(MemoryFault.Kind.ILLEGAL_ADDRESS, object);
  }

  /**
   * {@code suld.b}.
   *
   * @param x in bytes
   * @param z slice or layer
   * @param bytes of one element
   * @param count elements
   * @param outside {@link #TRAP}, {@link #CLAMP} or {@link #ZERO}
   */
  public void load(long object, int x, int y, int z, int bytes, int count, int outside) {
    Surface surface = surface(object);
    long address = place(surface, x, y, z, bytes * count, outside);
    for (int i = 0; i < count; i++) {
      lanes[i] = address == 0 ? 0 : read(address + (long) i * bytes, bytes);
    }
  }

  /** {@code sust.b}; see {@link #load}. */
  public void store(long object, int x, int y, int z, int bytes, int count, int outside) {
    long address = place(surface(object), x, y, z, bytes * count, outside);
    for (int i = 0; i < count && address != 0; i++) {
      write(address + (long) i * bytes, bytes, lanes[i]);
    }
  }

  /** {@code sust.p}: {@code x} in texels, elements converted to what the surface has. */
  public void storeFormatted(long object, int x, int y, int z, int count, int outside) {
    Surface surface = surface(object);
    TexelFormat format = surface.format();
    int texelBytes = format.bytes();
    // Beyond every row, without overflow.
    int column = Math.max(-1, Math.min(x, surface.image().width()));
    long address = place(surface, column * texelBytes, y, z, texelBytes, outside);
    for (int i = 0; i < Math.min(count, format.channels()) && address != 0; i++) {
      format.store(memory, address, i, (int) lanes[i]);
    }
  }

  /** {@code suq}; {@code what} is one of {@link ImageQuery}. */
  public int query(long object, int what) {
    return ImageQuery.of(surface(object), what);
  }

  private static long place(Surface surface, int x, int y, int z, int bytes, int outside) {
    Image image = surface.image();
    int lastX = image.width() * surface.format().bytes() - bytes;
    int lastY = image.height() - 1;
    int lastZ = image.depth() - 1;
    boolean inside = x >= 0 && x <= lastX && y >= 0 && y <= lastY && z >= 0 && z <= lastZ;
    if (!inside) {
      if (outside == ZERO) {
        return 0;
      }
      if (outside == TRAP || lastX < 0) {
        throw new MemoryFault(MemoryFault.Kind.ILLEGAL_ADDRESS, image.address());
      }
    }
    return image.at(0, clamp(y, lastY), clamp(z, lastZ), 1) + clamp(x, lastX);
  }

  private static int clamp(int value, int last) {
    return Math.max(0, Math.min(value, last));
  }

  private long read(long address, int bytes) {
    return switch (bytes) {
      case 1 -> Access.loadByte(memory, address);
      case 2 -> Access.loadShort(memory, address);
      case 4 -> Access.loadInt(memory, address);
      default -> Access.loadLong(memory, address);
    };
  }

  private void write(long address, int bytes, long value) {
    switch (bytes) {
      case 1 -> Access.storeByte(memory, address, (int) value);
      case 2 -> Access.storeShort(memory, address, (int) value);
      case 4 -> Access.storeInt(memory, address, (int) value);
      default -> Access.storeLong(memory, address, value);
    }
  }
}
