// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.memory;

import java.lang.reflect.Field;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import sun.misc.Unsafe;

/**
 * The only holder of {@link Unsafe}. Addresses here are host addresses that somebody has checked
 * before; device addresses never come here.
 */
final class Raw {
  static final Unsafe UNSAFE = find();

  /** Longest piece copied or filled in one go: the JVM can't stop for the collector inside one. */
  private static final long PIECE_BYTES = 1 << 20;

  @SuppressWarnings("deprecation") // There is no other way to a direct buffer's address on Java 17.
  private static final long BUFFER_ADDRESS_OFFSET = bufferAddressOffset();

  private Raw() {}

  private static Unsafe find() {
    try {
      Field field = Unsafe.class.getDeclaredField("theUnsafe");
      field.setAccessible(true);
      return (Unsafe) field.get(null);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("deprecation") // See BUFFER_ADDRESS_OFFSET.
  private static long bufferAddressOffset() {
    try {
      return UNSAFE.objectFieldOffset(Buffer.class.getDeclaredField("address"));
    } catch (NoSuchFieldException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Copies between host addresses; the ranges may overlap only if the source is not below. */
  static void copy(long source, long target, long bytes) {
    for (long done = 0; done < bytes; done += PIECE_BYTES) {
      UNSAFE.copyMemory(source + done, target + done, Math.min(PIECE_BYTES, bytes - done));
    }
  }

  /** Copies between host addresses whose ranges may overlap in any way. */
  static void move(long source, long target, long bytes) {
    if (target <= source || target >= source + bytes) {
      copy(source, target, bytes);
      return;
    }
    long rest = bytes;
    while (rest > 0) {
      long piece = Math.min(PIECE_BYTES, rest);
      rest -= piece;
      UNSAFE.copyMemory(source + rest, target + rest, piece);
    }
  }

  /** Copies the remaining bytes of a buffer to a host address and advances the buffer. */
  static void fromBuffer(ByteBuffer source, long target) {
    int bytes = source.remaining();
    if (source.isDirect()) {
      copy(UNSAFE.getLong(source, BUFFER_ADDRESS_OFFSET) + source.position(), target, bytes);
    } else if (source.hasArray()) {
      long offset = Unsafe.ARRAY_BYTE_BASE_OFFSET + (long) source.arrayOffset() + source.position();
      for (long done = 0; done < bytes; done += PIECE_BYTES) {
        UNSAFE.copyMemory(
            source.array(),
            offset + done,
            null,
            target + done,
            Math.min(PIECE_BYTES, bytes - done));
      }
    } else {
      byte[] copy = new byte[bytes];
      source.duplicate().get(copy);
      UNSAFE.copyMemory(copy, Unsafe.ARRAY_BYTE_BASE_OFFSET, null, target, bytes);
    }
    source.position(source.limit());
  }

  /** Fills the remaining bytes of a writable buffer from a host address and advances the buffer. */
  static void toBuffer(long source, ByteBuffer target) {
    int bytes = target.remaining();
    if (target.isDirect()) {
      copy(source, UNSAFE.getLong(target, BUFFER_ADDRESS_OFFSET) + target.position(), bytes);
    } else {
      long offset = Unsafe.ARRAY_BYTE_BASE_OFFSET + (long) target.arrayOffset() + target.position();
      for (long done = 0; done < bytes; done += PIECE_BYTES) {
        UNSAFE.copyMemory(
            null,
            source + done,
            target.array(),
            offset + done,
            Math.min(PIECE_BYTES, bytes - done));
      }
    }
    target.position(target.limit());
  }
}
