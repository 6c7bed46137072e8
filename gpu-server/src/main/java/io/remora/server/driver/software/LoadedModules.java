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
import io.remora.server.driver.DomainImage;
import io.remora.server.driver.DomainImage.FunctionImage;
import io.remora.server.driver.DomainImage.LoadedImage;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.Handles;
import io.remora.server.driver.image.PtxTexts;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The modules of a domain and their functions, by handle. Any thread may call. */
final class LoadedModules {
  private static final PtxTexts.Taker TAKER =
      new PtxTexts.Taker(
          "a software device", "", ", or raise the server's software.compute_capability");

  /**
   * @param image as it was given
   * @param functions their handles
   */
  private record Loaded(ByteBuffer image, List<Long> functions, List<GlobalDescription> globals) {}

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
        PtxTexts.ptx(
            image, TAKER, limits.computeCapability(), CompileOptions.DEFAULTS.maxTextBytes()));
  }

  ModuleDescription load(ByteBuffer image, GlobalPlacer placer) {
    PtxModule module = compile(image);
    List<GlobalDescription> globals = new ArrayList<>();
    core.enterOrThrow();
    try {
      PtxInstance instance =
          module.instantiate(core.memory(), variable -> place(variable, placer, globals));
      return describe(instance, image, globals);
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

  private ModuleDescription describe(
      PtxInstance instance, ByteBuffer image, List<GlobalDescription> globals) {
    List<FunctionDescription> described = new ArrayList<>();
    for (PtxKernel kernel : instance.module().kernels().values()) {
      var function = new SoftwareFunction(instance, kernel, core.device().limits());
      described.add(function.describe(functions.add(function)));
    }
    List<Long> handles = described.stream().map(FunctionDescription::function).toList();
    return new ModuleDescription(
        modules.add(new Loaded(image, handles, List.copyOf(globals))), described, globals);
  }

  /** What is loaded now. */
  List<LoadedImage> images() {
    List<LoadedImage> images = new ArrayList<>();
    modules
        .byHandle()
        .forEach(
            (handle, loaded) ->
                images.add(
                    new LoadedImage(
                        handle,
                        loaded.image,
                        loaded.functions.stream().map(this::imageOf).toList(),
                        loaded.globals)));
    return images;
  }

  private FunctionImage imageOf(long handle) {
    SoftwareFunction function = functions.get(handle);
    return new FunctionImage(function.name(), handle, function.settings());
  }

  Handles.State moduleHandles() {
    return modules.state();
  }

  Handles.State functionHandles() {
    return functions.state();
  }

  /** Loads the modules of an image, with everything where it was and named as it was. */
  void adopt(DomainImage image) {
    Map<Long, Loaded> loaded = new HashMap<>();
    Map<Long, SoftwareFunction> kernels = new HashMap<>();
    core.enterOrThrow();
    try {
      for (LoadedImage module : image.modules()) {
        loaded.put(module.handle(), adopt(module, kernels));
      }
    } finally {
      core.leave();
    }
    modules.restore(image.handles().modules(), loaded);
    functions.restore(image.handles().functions(), kernels);
  }

  private Loaded adopt(LoadedImage module, Map<Long, SoftwareFunction> kernels) {
    Map<String, Long> places = new HashMap<>();
    module.globals().forEach(global -> places.put(global.name(), global.address()));
    List<GlobalDescription> globals = new ArrayList<>();
    PtxInstance instance =
        compile(module.image())
            .instantiate(
                core.memory(),
                variable ->
                    place(variable, (name, bytes, alignment) -> known(places, name), globals));
    List<Long> handles = new ArrayList<>();
    for (FunctionImage function : module.functions()) {
      PtxKernel kernel =
          instance
              .kernel(function.name())
              .orElseThrow(() -> new IllegalStateException("the image has lost a kernel"));
      var made = new SoftwareFunction(instance, kernel, core.device().limits());
      function.settings().forEach((attribute, value) -> set(made, attribute, value));
      kernels.put(function.handle(), made);
      handles.add(function.handle());
    }
    return new Loaded(module.image(), handles, globals);
  }

  private static long known(Map<String, Long> places, String name) {
    Long address = places.get(name);
    if (address == null) {
      throw new IllegalStateException("the image has a new variable " + name);
    }
    return address;
  }

  private static void set(SoftwareFunction function, int attribute, int value) {
    if (function.set(attribute, value) != CUresult.CUDA_SUCCESS_VALUE) {
      throw new DriverException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
          "the device doesn't let kernel "
              + function.name()
              + " have attribute "
              + attribute
              + " = "
              + value);
    }
  }

  void unload(long module) {
    modules.remove(module).functions.forEach(functions::remove);
  }

  SoftwareFunction function(long handle) {
    return functions.get(handle);
  }
}
