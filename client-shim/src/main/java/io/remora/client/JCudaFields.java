// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.Buffer;
import java.nio.ByteBuffer;
import jcuda.NativePointerObject;
import jcuda.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes the private state of JCuda's pointer classes, as JCuda's native library does.
 * These classes have no other way in, and load nothing native themselves.
 */
final class JCudaFields {
  private static final VarHandle NATIVE_POINTER;
  private static final VarHandle BYTE_OFFSET;
  private static final VarHandle BUFFER;
  private static final VarHandle POINTERS;

  static {
    try {
      MethodHandles.Lookup base =
          MethodHandles.privateLookupIn(NativePointerObject.class, MethodHandles.lookup());
      NATIVE_POINTER = base.findVarHandle(NativePointerObject.class, "nativePointer", long.class);
      MethodHandles.Lookup pointer =
          MethodHandles.privateLookupIn(Pointer.class, MethodHandles.lookup());
      BYTE_OFFSET = pointer.findVarHandle(Pointer.class, "byteOffset", long.class);
      BUFFER = pointer.findVarHandle(Pointer.class, "buffer", Buffer.class);
      POINTERS = pointer.findVarHandle(Pointer.class, "pointers", NativePointerObject[].class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private JCudaFields() {}

  /** A handle's value; 0 for null. */
  static long value(@Nullable NativePointerObject handle) {
    return handle == null ? 0 : (long) NATIVE_POINTER.get(handle);
  }

  /** Gives a handle its value. */
  static void setValue(NativePointerObject handle, long value) {
    NATIVE_POINTER.set(handle, value);
    if (handle instanceof Pointer) {
      BYTE_OFFSET.set((Pointer) handle, 0L);
    }
  }

  /** The address that a device pointer stands for; 0 for null. */
  static long address(@Nullable Pointer pointer) {
    return pointer == null
        ? 0
        : (long) NATIVE_POINTER.get((NativePointerObject) pointer)
            + (long) BYTE_OFFSET.get(pointer);
  }

  /** What a pointer adds to its buffer's beginning, in bytes. */
  static long byteOffset(Pointer pointer) {
    return (long) BYTE_OFFSET.get(pointer);
  }

  /** The Java memory that a pointer refers to, if it does. */
  static @Nullable Buffer buffer(Pointer pointer) {
    return (Buffer) BUFFER.get(pointer);
  }

  /** Makes a pointer refer to a buffer. */
  static void setBuffer(Pointer pointer, @Nullable Buffer buffer) {
    BUFFER.set(pointer, buffer);
  }

  /** Makes a pointer refer to bytes, from the first. */
  static void pointTo(Pointer pointer, byte[] bytes) {
    setValue(pointer, 0);
    POINTERS.set(pointer, null);
    BUFFER.set(pointer, ByteBuffer.wrap(bytes));
  }

  /** The pointers that a pointer to pointers refers to, if it is one. */
  static NativePointerObject @Nullable [] pointers(Pointer pointer) {
    return (NativePointerObject[]) POINTERS.get(pointer);
  }
}
