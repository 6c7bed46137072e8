// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import jcuda.NativePointerObject;
import jcuda.Pointer;
import jcuda.driver.CUjit_option;
import jcuda.driver.JITOptions;
import org.jspecify.annotations.Nullable;

/**
 * The options of a just-in-time compilation: numbers go to the server, logs and times come back to
 * where the program wants them.
 */
final class JitOptions {
  /** No options. */
  static final JitOptions NONE = new JitOptions(new int[0], new long[0], (option, value) -> {});

  private static final VarHandle OPTION_MAP;

  static {
    try {
      OPTION_MAP =
          MethodHandles.privateLookupIn(JITOptions.class, MethodHandles.lookup())
              .findVarHandle(JITOptions.class, "map", Map.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final int[] keys;
  private final long[] values;
  private final Outlet outlet;

  private JitOptions(int[] keys, long[] values, Outlet outlet) {
    this.keys = keys;
    this.values = values;
    this.outlet = outlet;
  }

  /** Takes an output: a {@code Float}, or a {@code String} for a log. */
  @FunctionalInterface
  private interface Outlet {
    void put(int option, Object value);
  }

  /** The options of JCuda's own option class. */
  static JitOptions of(@Nullable JITOptions options) {
    if (options == null) {
      return NONE;
    }
    Map<?, ?> map = (Map<?, ?>) OPTION_MAP.get(options);
    int[] keys = map.keySet().stream().mapToInt(key -> (Integer) key).sorted().toArray();
    long[] values = new long[keys.length];
    for (int i = 0; i < keys.length; i++) {
      values[i] = map.get(keys[i]) instanceof Integer number ? number : 0;
    }
    return new JitOptions(keys, values, (option, value) -> put(options, map, option, value));
  }

  private static void put(JITOptions options, Map<?, ?> map, int option, Object value) {
    if (!map.containsKey(option)) {
      return;
    }
    if (value instanceof Float number) {
      options.putFloat(option, number);
    } else if (map.get(option) instanceof byte[] buffer && value instanceof String text) {
      copyText(text, ByteBuffer.wrap(buffer));
    }
  }

  /**
   * The options of the C function's form.
   *
   * @param optionValues a pointer to one pointer for each option, whose value is the option's
   * @return null if there are fewer options or values than {@code count}
   */
  static @Nullable JitOptions of(
      int count, int @Nullable [] options, @Nullable Pointer optionValues) {
    if (count == 0) {
      return NONE;
    }
    NativePointerObject[] pointers =
        optionValues == null ? null : JCudaFields.pointers(optionValues);
    if (count < 0 || options == null || options.length < count) {
      return null;
    }
    if (pointers == null || pointers.length < count) {
      return null;
    }
    int[] keys = Arrays.copyOf(options, count);
    long[] values = new long[count];
    for (int i = 0; i < count; i++) {
      values[i] = JCudaFields.value(pointers[i]);
    }
    return new JitOptions(keys, values, (option, value) -> put(keys, pointers, option, value));
  }

  private static void put(int[] keys, NativePointerObject[] pointers, int option, Object value) {
    for (int i = 0; i < keys.length; i++) {
      if (keys[i] == option
          && value instanceof String text
          && pointers[i] instanceof Pointer pointer
          && JCudaFields.buffer(pointer) instanceof ByteBuffer buffer) {
        copyText(text, buffer.duplicate().clear());
      }
    }
  }

  /** A C string, cut where the buffer ends. */
  private static void copyText(String text, ByteBuffer into) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    if (into.hasRemaining()) {
      into.put(bytes, 0, Math.min(bytes.length, into.remaining() - 1));
      into.put((byte) 0);
    }
  }

  int[] keys() {
    return keys;
  }

  long[] values() {
    return values;
  }

  /** Gives the program what it asked for. */
  void fill(String infoLog, String errorLog, float wallTimeMillis) {
    outlet.put(CUjit_option.CU_JIT_INFO_LOG_BUFFER, infoLog);
    outlet.put(CUjit_option.CU_JIT_ERROR_LOG_BUFFER, errorLog);
    outlet.put(CUjit_option.CU_JIT_WALL_TIME, wallTimeMillis);
  }
}
