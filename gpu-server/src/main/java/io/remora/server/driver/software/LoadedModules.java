// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.ptx.CompileOptions;
import io.remora.ptx.PtxGlobal;
import io.remora.ptx.PtxInstance;
import io.remora.ptx.PtxKernel;
import io.remora.ptx.PtxModule;
import io.remora.server.driver.Domain.FunctionDescription;
import io.remora.server.driver.Domain.GlobalDescription;
import io.remora.server.driver.Domain.GlobalPlacer;
import io.remora.server.driver.Domain.ModuleDescription;
import io.remora.server.driver.Handles;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** The modules of a domain and their functions, by handle. Any thread may call. */
final class LoadedModules {
  private record Loaded(List<Long> functions) {}

  private final DomainCore core;
  private final ModuleCache cache;
  private final Handles<Loaded> modules;
  private final Handles<SoftwareFunction> functions;

  LoadedModules(DomainCore core, ModuleCache cache, int objectsMax) {
    this.core = core;
    this.cache = cache;
    this.modules = new Handles<>("module", objectsMax);
    this.functions = new Handles<>("function", objectsMax);
  }

  /** Links and compiles an image; the outcome is kept for who loads it. */
  void link(ByteBuffer image) {
    PtxModule unused = compile(image);
  }

  private PtxModule compile(ByteBuffer image) {
    DeviceLimits limits = core.device().limits();
    return cache.get(
        ModuleImage.ptx(image, limits.computeCapability(), CompileOptions.DEFAULTS.maxTextBytes()));
  }

  ModuleDescription load(ByteBuffer image, GlobalPlacer placer) {
    PtxModule module = compile(image);
    List<GlobalDescription> globals = new ArrayList<>();
    core.enterOrThrow();
    try {
      PtxInstance instance =
          module.instantiate(core.memory(), variable -> place(variable, placer, globals));
      return describe(instance, globals);
    } finally {
      core.leave();
    }
  }

  private long place(PtxGlobal variable, GlobalPlacer placer, List<GlobalDescription> globals) {
    long address = placer.place(variable.name(), variable.bytes(), variable.alignment());
    if (address % variable.alignment() != 0 || !core.memory().isValid(address, variable.bytes())) {
      throw new IllegalStateException(
          "place of " + variable.name() + " is not usable: 0x" + Long.toHexString(address));
    }
    globals.add(new GlobalDescription(variable.name(), address, variable.bytes()));
    return address;
  }

  private ModuleDescription describe(PtxInstance instance, List<GlobalDescription> globals) {
    List<FunctionDescription> described = new ArrayList<>();
    for (PtxKernel kernel : instance.module().kernels().values()) {
      var function = new SoftwareFunction(instance, kernel, core.device().limits());
      described.add(function.describe(functions.add(function)));
    }
    List<Long> handles = described.stream().map(FunctionDescription::function).toList();
    return new ModuleDescription(modules.add(new Loaded(handles)), described, globals);
  }

  void unload(long module) {
    modules.remove(module).functions.forEach(functions::remove);
  }

  SoftwareFunction function(long handle) {
    return functions.get(handle);
  }
}
