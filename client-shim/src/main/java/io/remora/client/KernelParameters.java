// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.Arrays;
import jcuda.NativePointerObject;
import jcuda.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * Lays a launch's parameters out as the kernel expects them: {@code Pointer.to(Pointer.to(new int[]
 * {n}), Pointer.to(devicePointer), ...)} becomes the bytes {@code n, devicePointer, ...} at the
 * offsets that the server has told. Makes no garbage for single numbers and device pointers.
 */
final class KernelParameters {
  private static final VarHandle INTS =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.nativeOrder());
  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());

  private KernelParameters() {}

  /**
   * @param parameters a pointer to one pointer for each parameter
   * @param into of {@link Function#parameterBytes} bytes
   * @return null, or what is wrong
   */
  static @Nullable String write(@Nullable Pointer parameters, Function function, byte[] into) {
    int count = function.parameterCount();
    if (count == 0) {
      return null;
    }
    NativePointerObject[] pointers = parameters == null ? null : JCudaFields.pointers(parameters);
    if (pointers == null || pointers.length < count) {
      return function.name()
          + " has "
          + count
          + " parameters, "
          + (pointers == null ? 0 : pointers.length)
          + " were given";
    }
    for (int i = 0; i < count; i++) {
      if (!(pointers[i] instanceof Pointer pointer)
          || !write(pointer, into, function.offset(i), function.size(i))) {
        return "parameter "
            + (i + 1)
            + " of "
            + function.name()
            + " has "
            + function.size(i)
            + " bytes, what was given for it has fewer or is not in Java memory";
      }
    }
    return null;
  }

  /** The reverse: a pointer to one pointer for each parameter, to a copy of its value. */
  static Pointer pointers(Function function, byte[] values) {
    Pointer[] each = new Pointer[function.parameterCount()];
    for (int i = 0; i < each.length; i++) {
      int offset = function.offset(i);
      each[i] = Pointer.to(Arrays.copyOfRange(values, offset, offset + function.size(i)));
    }
    return Pointer.to(each);
  }

  private static boolean write(Pointer pointer, byte[] into, int offset, int size) {
    Buffer buffer = JCudaFields.buffer(pointer);
    if (buffer == null || JCudaFields.byteOffset(pointer) != 0 || !buffer.hasArray()) {
      NativePointerObject[] targets = JCudaFields.pointers(pointer);
      if (buffer == null && targets != null && targets.length > 0 && size == Long.BYTES) {
        LONGS.set(into, offset, address(targets[0]));
        return true;
      }
      return writeSlowly(pointer, into, offset, size);
    }
    if (size == Integer.BYTES) {
      if (buffer instanceof IntBuffer ints && ints.array().length > 0) {
        INTS.set(into, offset, ints.array()[0]);
        return true;
      } else if (buffer instanceof FloatBuffer floats && floats.array().length > 0) {
        INTS.set(into, offset, Float.floatToRawIntBits(floats.array()[0]));
        return true;
      }
    } else if (size == Long.BYTES) {
      if (buffer instanceof LongBuffer longs && longs.array().length > 0) {
        LONGS.set(into, offset, longs.array()[0]);
        return true;
      } else if (buffer instanceof DoubleBuffer doubles && doubles.array().length > 0) {
        LONGS.set(into, offset, Double.doubleToRawLongBits(doubles.array()[0]));
        return true;
      }
    }
    return writeSlowly(pointer, into, offset, size);
  }

  private static long address(@Nullable NativePointerObject target) {
    return target instanceof Pointer pointer
        ? JCudaFields.address(pointer)
        : JCudaFields.value(target);
  }

  /** Any memory, any alignment. */
  private static boolean writeSlowly(Pointer pointer, byte[] into, int offset, int size) {
    HostSpan span = HostSpan.of(pointer, size);
    if (span == null) {
      return false;
    }
    span.read(0, size, ByteBuffer.allocate(size)).get(into, offset, size);
    return true;
  }
}
