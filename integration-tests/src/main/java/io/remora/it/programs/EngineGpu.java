// SPDX-License-Identifier: Apache-2.0
package io.remora.it.programs;

import io.remora.ptx.AddressSpace;
import io.remora.ptx.CompileOptions;
import io.remora.ptx.KernelFault;
import io.remora.ptx.KernelParameter;
import io.remora.ptx.LaunchControl;
import io.remora.ptx.LaunchShape;
import io.remora.ptx.PtxException;
import io.remora.ptx.PtxExecutor;
import io.remora.ptx.PtxFence;
import io.remora.ptx.PtxGlobal;
import io.remora.ptx.PtxInstance;
import io.remora.ptx.PtxKernel;
import io.remora.ptx.PtxModule;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The PTX engine as a {@link Gpu}: one address space, each allocation in pages of its own. Launches
 * have run when they return. One thread.
 */
public final class EngineGpu implements Gpu, AutoCloseable {
  private static final long WINDOW_BASE = 0x7000_0000_0000L;
  private static final long WINDOW_BYTES = 1L << 30;
  private static final long PAGE = AddressSpace.PAGE_BYTES;

  private final AddressSpace memory = new AddressSpace(WINDOW_BASE, WINDOW_BYTES, 512L << 20);
  private final PtxExecutor executor;
  private final boolean fenced;
  private final Map<Long, Long> allocations = new HashMap<>();
  private long nextFree = WINDOW_BASE + PAGE;

  /** A device of two threads. */
  public EngineGpu() {
    this(2);
  }

  /**
   * @param threads that work on a launch
   */
  public EngineGpu(int threads) {
    this(threads, false);
  }

  private EngineGpu(int threads, boolean fenced) {
    this.executor = new PtxExecutor(threads);
    this.fenced = fenced;
  }

  /** A device of two threads whose kernels are fenced to its memory, as those on a GPU can be. */
  public static EngineGpu fenced() {
    return new EngineGpu(2, true);
  }

  @Override
  public long allocate(long bytes) {
    long rounded = (bytes + PAGE - 1) / PAGE * PAGE;
    long address = nextFree;
    if (!memory.commit(address, rounded)) {
      throw new IllegalStateException("out of device memory: " + bytes + " more bytes");
    }
    // A page stays free behind each allocation, so that running over its end is noticed.
    nextFree += rounded + PAGE;
    allocations.put(address, rounded);
    return address;
  }

  @Override
  public void free(long address) {
    Long bytes = allocations.remove(address);
    if (bytes == null) {
      throw new IllegalArgumentException("not allocated: " + Long.toHexString(address));
    }
    memory.release(address, bytes);
  }

  /** Bytes that are allocated now. */
  long allocatedBytes() {
    return memory.committedBytes();
  }

  @Override
  public void upload(long address, ByteBuffer source) {
    memory.write(address, source);
  }

  @Override
  public void download(long address, ByteBuffer target) {
    memory.read(address, target);
  }

  @Override
  public Module loadModule(String ptx) {
    try {
      return fenced
          ? fenced(PtxFence.of(ptx, CompileOptions.DEFAULTS))
          : new EngineModule(PtxModule.compile(ptx, CompileOptions.DEFAULTS), Map.of());
    } catch (PtxException e) {
      throw new IllegalArgumentException("the engine refuses the module: " + e.getMessage(), e);
    }
  }

  private EngineModule fenced(PtxFence fence) throws PtxException {
    Map<String, Long> places = new HashMap<>();
    for (PtxGlobal variable : fence.variables()) {
      places.put(variable.name(), allocate(Math.max(1, variable.bytes())));
    }
    String text = fence.fenced(WINDOW_BASE, WINDOW_BYTES, places);
    EngineModule module =
        new EngineModule(PtxModule.compile(text, CompileOptions.DEFAULTS), places);
    Map<String, Long> functions = new HashMap<>();
    for (String name : fence.functions()) {
      ByteBuffer address = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
      long table = module.global(PtxFence.FUNCTION_TABLE);
      memory.read(table + (long) functions.size() * Long.BYTES, address);
      functions.put(name, address.getLong(0));
    }
    fence.contents(places, functions).forEach(part -> memory.write(part.address(), part.bytes()));
    return module;
  }

  @Override
  public void launch(
      Function function, Extent grid, Extent block, int sharedBytes, Object... arguments) {
    EngineFunction target = (EngineFunction) function;
    LaunchShape shape =
        new LaunchShape(grid.x(), grid.y(), grid.z(), block.x(), block.y(), block.z(), sharedBytes);
    ByteBuffer parameters = pack(target.kernel(), arguments);
    try {
      executor.launch(
          target.instance(), target.kernel().name(), shape, parameters, new LaunchControl());
    } catch (KernelFault e) {
      throw new IllegalStateException(target.kernel().name() + " failed: " + e.getMessage(), e);
    }
  }

  private static ByteBuffer pack(PtxKernel kernel, Object... arguments) {
    List<KernelParameter> parameters = kernel.parameters();
    if (parameters.size() != arguments.length) {
      throw new IllegalArgumentException(kernel.name() + " takes " + parameters.size());
    }
    ByteBuffer block = ByteBuffer.allocate(kernel.parameterBytes()).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < arguments.length; i++) {
      put(block, parameters.get(i), arguments[i]);
    }
    return block;
  }

  private static void put(ByteBuffer block, KernelParameter parameter, Object argument) {
    int offset = parameter.offset();
    int bytes;
    if (argument instanceof Integer number) {
      block.putInt(offset, number);
      bytes = 4;
    } else if (argument instanceof Float number) {
      block.putFloat(offset, number);
      bytes = 4;
    } else if (argument instanceof Long number) {
      block.putLong(offset, number);
      bytes = 8;
    } else if (argument instanceof Double number) {
      block.putDouble(offset, number);
      bytes = 8;
    } else if (argument instanceof ByteBuffer structure) {
      bytes = structure.remaining();
      block.put(offset, structure, structure.position(), bytes);
    } else {
      throw new IllegalArgumentException("not a kernel argument: " + argument);
    }
    if (bytes != parameter.size()) {
      throw new IllegalArgumentException(
          "the parameter at " + offset + " has " + parameter.size() + " bytes, not " + bytes);
    }
  }

  @Override
  public void synchronize() {
    // Launches have run when launch returns.
  }

  @Override
  public void close() {
    executor.close();
    memory.close();
  }

  private record EngineFunction(PtxInstance instance, PtxKernel kernel) implements Function {}

  private final class EngineModule implements Module {
    private final PtxInstance instance;
    private final Map<String, Long> globals = new HashMap<>();

    EngineModule(PtxModule module, Map<String, Long> placed) {
      globals.putAll(placed);
      for (PtxGlobal global : module.globals()) {
        globals.put(global.name(), allocate(global.bytes()));
      }
      this.instance = module.instantiate(memory, global -> global(global.name()));
    }

    @Override
    public Function function(String name) {
      PtxKernel kernel =
          instance
              .kernel(name)
              .orElseThrow(() -> new IllegalArgumentException("no kernel named " + name));
      return new EngineFunction(instance, kernel);
    }

    @Override
    public long global(String name) {
      Long address = globals.get(name);
      if (address == null) {
        throw new IllegalArgumentException("no variable named " + name);
      }
      return address;
    }

    @Override
    public void close() {
      globals.values().forEach(EngineGpu.this::free);
    }
  }
}
