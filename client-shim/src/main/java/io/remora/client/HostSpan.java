// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.ShortBuffer;
import jcuda.NativePointerObject;
import jcuda.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * A range of Java memory as bytes: what a {@link Pointer} to an array, a buffer, host memory or
 * other pointers refers to. Bytes are in the machine's order, as native code would see them.
 * Immutable itself; used by one thread at a time.
 */
final class HostSpan implements ByteSource, ByteSink {
  private static final int POINTER_BYTES = 8;

  /** A typed view of the whole array or buffer, or null for pointers. */
  private final @Nullable Buffer memory;

  private final NativePointerObject[] pointers;

  /** Bytes from the beginning of the memory to the span's first byte. */
  private final long start;

  private final long bytes;

  private HostSpan(
      @Nullable Buffer memory, NativePointerObject[] pointers, long start, long bytes) {
    this.memory = memory;
    this.pointers = pointers;
    this.start = start;
    this.bytes = bytes;
  }

  /**
   * The {@code bytes} bytes at a pointer.
   *
   * @return null if the pointer doesn't refer to Java memory, or to less of it
   */
  static @Nullable HostSpan of(@Nullable Pointer pointer, long bytes) {
    if (pointer == null || bytes < 0) {
      return null;
    }
    long offset = JCudaFields.byteOffset(pointer);
    Buffer buffer = JCudaFields.buffer(pointer);
    if (buffer != null) {
      Buffer memory = whole(buffer);
      long size = (long) memory.capacity() << unitShift(memory);
      return fits(offset, bytes, size)
          ? new HostSpan(memory, new NativePointerObject[0], offset, bytes)
          : null;
    }
    NativePointerObject[] pointers = JCudaFields.pointers(pointer);
    if (pointers == null || !fits(offset, bytes, (long) pointers.length * POINTER_BYTES)) {
      return null;
    }
    return new HostSpan(null, pointers, offset, bytes);
  }

  /** From a pointer to the end of the memory that it refers to; null if there is none. */
  static @Nullable HostSpan from(Pointer pointer) {
    HostSpan empty = of(pointer, 0);
    if (empty == null) {
      return null;
    }
    long size =
        empty.memory == null
            ? (long) empty.pointers.length * POINTER_BYTES
            : (long) empty.memory.capacity() << unitShift(empty.memory);
    return of(pointer, size - empty.start);
  }

  private static boolean fits(long offset, long bytes, long size) {
    return offset >= 0 && offset <= size && bytes <= size - offset;
  }

  /**
   * JCuda's rule: a pointer to a heap buffer is one to its whole array, a pointer to a direct
   * buffer is one to the buffer's index 0; position and limit don't matter.
   */
  private static Buffer whole(Buffer buffer) {
    if (!buffer.hasArray()) {
      return buffer.duplicate().clear();
    }
    Object array = buffer.array();
    if (array instanceof byte[] bytes) {
      return ByteBuffer.wrap(bytes);
    } else if (array instanceof float[] floats) {
      return FloatBuffer.wrap(floats);
    } else if (array instanceof int[] ints) {
      return IntBuffer.wrap(ints);
    } else if (array instanceof double[] doubles) {
      return DoubleBuffer.wrap(doubles);
    } else if (array instanceof long[] longs) {
      return LongBuffer.wrap(longs);
    } else if (array instanceof short[] shorts) {
      return ShortBuffer.wrap(shorts);
    }
    return CharBuffer.wrap((char[]) array);
  }

  private static int unitShift(Buffer memory) {
    if (memory instanceof ByteBuffer) {
      return 0;
    } else if (memory instanceof ShortBuffer || memory instanceof CharBuffer) {
      return 1;
    }
    return memory instanceof IntBuffer || memory instanceof FloatBuffer ? 2 : 3;
  }

  @Override
  public long bytes() {
    return bytes;
  }

  @Override
  public boolean isInPlace() {
    return memory instanceof ByteBuffer;
  }

  @Override
  public ByteBuffer read(long offset, int length, ByteBuffer scratch) {
    long at = start + offset;
    if (memory instanceof ByteBuffer whole) {
      return whole.slice((int) at, length);
    }
    ByteBuffer into = scratch.clear().limit(length);
    if (memory == null) {
      readPointers(at, into);
    } else {
      int shift = unitShift(memory);
      int mask = (1 << shift) - 1;
      if ((at & mask) != 0 || (length & mask) != 0) {
        readUnaligned(at, length, shift, into);
      } else {
        getUnits(memory, (int) (at >> shift), length >> shift, into);
      }
    }
    return into.position(0).limit(length);
  }

  @Override
  public void write(long offset, ByteBuffer from) {
    long at = start + offset;
    int length = from.remaining();
    if (memory instanceof ByteBuffer whole) {
      whole.duplicate().position((int) at).put(from);
      return;
    }
    if (memory == null) {
      writePointers(at, from);
      return;
    }
    int shift = unitShift(memory);
    int mask = (1 << shift) - 1;
    int head = (int) Math.min(length, -at & mask);
    int middle = (length - head) & ~mask;
    writeUnaligned(at, shift, from.slice(from.position(), head));
    if (middle > 0) {
      ByteBuffer units = from.slice(from.position() + head, middle);
      putUnits(memory, (int) ((at + head) >> shift), middle >> shift, units);
    }
    int done = head + middle;
    writeUnaligned(at + done, shift, from.slice(from.position() + done, length - done));
  }

  /** Widens to whole units, and takes the part that is wanted. */
  private void readUnaligned(long at, int length, int shift, ByteBuffer into) {
    int first = (int) (at >> shift);
    int units = (int) ((at + length - 1) >> shift) - first + 1;
    ByteBuffer wide = ByteBuffer.allocate(length == 0 ? 0 : units << shift);
    if (length > 0 && memory != null) {
      getUnits(memory, first, units, wide);
      into.put(wide.slice((int) (at - ((long) first << shift)), length));
    }
  }

  /** For less than a unit: reads it, changes the part that is wanted, and puts it back. */
  private void writeUnaligned(long at, int shift, ByteBuffer from) {
    int length = from.remaining();
    if (length == 0 || memory == null) {
      return;
    }
    int first = (int) (at >> shift);
    int units = (int) ((at + length - 1) >> shift) - first + 1;
    ByteBuffer wide = ByteBuffer.allocate(units << shift);
    getUnits(memory, first, units, wide);
    wide.position((int) (at - ((long) first << shift))).put(from).clear();
    putUnits(memory, first, units, wide);
  }

  /** Copies whole units out of a typed buffer: a block copy, whatever their type. */
  private static void getUnits(Buffer memory, int first, int units, ByteBuffer into) {
    if (memory instanceof FloatBuffer floats) {
      into.order(floats.order()).asFloatBuffer().put(floats.slice(first, units));
    } else if (memory instanceof IntBuffer ints) {
      into.order(ints.order()).asIntBuffer().put(ints.slice(first, units));
    } else if (memory instanceof DoubleBuffer doubles) {
      into.order(doubles.order()).asDoubleBuffer().put(doubles.slice(first, units));
    } else if (memory instanceof LongBuffer longs) {
      into.order(longs.order()).asLongBuffer().put(longs.slice(first, units));
    } else if (memory instanceof ShortBuffer shorts) {
      into.order(shorts.order()).asShortBuffer().put(shorts.slice(first, units));
    } else if (memory instanceof CharBuffer chars) {
      into.order(chars.order()).asCharBuffer().put(chars.slice().subSequence(first, first + units));
    } else {
      into.duplicate().put(((ByteBuffer) memory).slice(first, units));
    }
  }

  /** Copies whole units into a typed buffer. */
  private static void putUnits(Buffer memory, int first, int units, ByteBuffer from) {
    if (memory instanceof FloatBuffer floats) {
      floats.slice(first, units).put(from.order(floats.order()).asFloatBuffer());
    } else if (memory instanceof IntBuffer ints) {
      ints.slice(first, units).put(from.order(ints.order()).asIntBuffer());
    } else if (memory instanceof DoubleBuffer doubles) {
      doubles.slice(first, units).put(from.order(doubles.order()).asDoubleBuffer());
    } else if (memory instanceof LongBuffer longs) {
      longs.slice(first, units).put(from.order(longs.order()).asLongBuffer());
    } else if (memory instanceof ShortBuffer shorts) {
      shorts.slice(first, units).put(from.order(shorts.order()).asShortBuffer());
    } else if (memory instanceof CharBuffer chars) {
      chars.slice().position(first).put(from.order(chars.order()).asCharBuffer());
    } else {
      ((ByteBuffer) memory).slice(first, units).put(from);
    }
  }

  private void readPointers(long at, ByteBuffer into) {
    for (int i = 0; into.hasRemaining(); i++) {
      into.put(pointerByte(at + i));
    }
  }

  private byte pointerByte(long at) {
    NativePointerObject pointer = pointers[(int) (at / POINTER_BYTES)];
    return (byte) (valueOf(pointer) >>> shiftOf(at));
  }

  private void writePointers(long at, ByteBuffer from) {
    for (long i = at; from.hasRemaining(); i++) {
      NativePointerObject pointer = pointers[(int) (i / POINTER_BYTES)];
      byte value = from.get();
      if (pointer != null) {
        int shift = shiftOf(i);
        long others = valueOf(pointer) & ~(0xffL << shift);
        JCudaFields.setValue(pointer, others | (value & 0xffL) << shift);
      }
    }
  }

  private static int shiftOf(long at) {
    int index = (int) (at % POINTER_BYTES);
    return Byte.SIZE
        * (ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN ? index : POINTER_BYTES - 1 - index);
  }

  private static long valueOf(@Nullable NativePointerObject pointer) {
    return pointer instanceof Pointer address
        ? JCudaFields.address(address)
        : JCudaFields.value(pointer);
  }
}
