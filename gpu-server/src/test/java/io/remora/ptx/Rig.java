// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A small device for tests: one address space, pages handed out one behind the other. */
final class Rig implements AutoCloseable {
  static final long BASE = 0x10_0000_0000L;

  final AddressSpace memory = new AddressSpace(BASE, 1L << 30, 256L << 20);
  final PtxExecutor executor = new PtxExecutor(2);
  private final Map<PtxModule, PtxInstance> instances = new HashMap<>();
  private long next = BASE;

  /** Wraps the body of a kernel that gets one pointer, {@code %out}, and one number, {@code %n}. */
  static String kernel(String body) {
    return module(
        """
        .visible .entry test(.param .u64 out, .param .u32 n)
        {
          .reg .pred %p<20>;
          .reg .b16 %h<40>;
          .reg .b32 %r<60>;
          .reg .f32 %f<40>;
          .reg .b64 %d<60>;
          .reg .f64 %g<40>;
          .reg .b64 %out;
          .reg .b32 %n, %t;
          ld.param.u64 %out, [out];
          ld.param.u32 %n, [n];
          mov.u32 %t, %tid.x;
        """
            + body
            + "\n  ret;\n}\n");
  }

  /** Puts the header before a module's text. */
  static String module(String text) {
    return ".version 8.0\n.target sm_75\n.address_size 64\n" + text;
  }

  static PtxModule compile(String text) {
    try {
      return PtxModule.compile(text, CompileOptions.DEFAULTS);
    } catch (PtxException e) {
      throw new AssertionError(e.getMessage() + "\nin\n" + text, e);
    }
  }

  /** Commits memory that nobody else has; an unused page stays behind it. */
  long allocate(long bytes) {
    long address = next;
    long pages = (bytes + AddressSpace.PAGE_BYTES - 1) / AddressSpace.PAGE_BYTES;
    if (!memory.commit(address, bytes)) {
      throw new AssertionError("no memory for " + bytes + " bytes");
    }
    next += (pages + 1) * AddressSpace.PAGE_BYTES;
    return address;
  }

  long upload(int[] values) {
    long address = allocate(Math.max(4, values.length * 4L));
    ByteBuffer buffer = ByteBuffer.allocate(values.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    buffer.asIntBuffer().put(values);
    memory.write(address, buffer);
    return address;
  }

  int[] ints(long address, int count) {
    ByteBuffer buffer = ByteBuffer.allocate(count * 4).order(ByteOrder.LITTLE_ENDIAN);
    memory.read(address, buffer);
    int[] values = new int[count];
    buffer.flip().asIntBuffer().get(values);
    return values;
  }

  long[] longs(long address, int count) {
    ByteBuffer buffer = ByteBuffer.allocate(count * 8).order(ByteOrder.LITTLE_ENDIAN);
    memory.read(address, buffer);
    long[] values = new long[count];
    buffer.flip().asLongBuffer().get(values);
    return values;
  }

  PtxInstance instance(PtxModule module) {
    return instances.computeIfAbsent(
        module, key -> key.instantiate(memory, global -> allocate(global.bytes())));
  }

  void launch(PtxModule module, String kernel, LaunchShape shape, Object... arguments)
      throws KernelFault {
    launch(module, kernel, shape, new LaunchControl(), arguments);
  }

  void launch(
      PtxModule module,
      String kernel,
      LaunchShape shape,
      LaunchControl control,
      Object... arguments)
      throws KernelFault {
    PtxKernel known = module.kernels().get(kernel);
    if (known == null) {
      throw new AssertionError("no kernel " + kernel);
    }
    executor.launch(instance(module), kernel, shape, pack(known.parameters(), arguments), control);
  }

  private static ByteBuffer pack(List<KernelParameter> parameters, Object... arguments) {
    ByteBuffer buffer = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < arguments.length; i++) {
      int offset = parameters.get(i).offset();
      if (arguments[i] instanceof Long value) {
        buffer.putLong(offset, value);
      } else if (arguments[i] instanceof Integer value) {
        buffer.putInt(offset, value);
      } else if (arguments[i] instanceof Float value) {
        buffer.putFloat(offset, value);
      } else {
        buffer.putDouble(offset, (Double) arguments[i]);
      }
    }
    return buffer;
  }

  /** Runs a kernel made by {@link #kernel} in one block and returns what it stored. */
  int[] run(String body, int threads, int results) throws KernelFault {
    long out = allocate(Math.max(4, results * 4L));
    launch(compile(kernel(body)), "test", LaunchShape.linear(1, threads), out, threads);
    return ints(out, results);
  }

  @Override
  public void close() {
    executor.close();
    memory.close();
  }
}
