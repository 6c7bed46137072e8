// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.ptx.PtxFence;
import io.remora.server.driver.Domain.FunctionDescription;
import io.remora.server.driver.Domain.GlobalDescription;
import io.remora.server.driver.Domain.ModuleDescription;
import io.remora.server.driver.Domain.ParameterDescription;
import io.remora.server.driver.DomainImage;
import io.remora.server.driver.DomainImage.FunctionImage;
import io.remora.server.driver.DomainImage.LoadedImage;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.Handles;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * The modules of a domain and their functions, by handle. A module's variables lie where the driver
 * has put them; they are known from the moment that somebody asks for one by name, for the driver
 * can't list them. All calls with the context.
 */
final class CudaModules {
  private static final int OK = CUresult.CUDA_SUCCESS_VALUE;
  private static final int FUNCTION_ATTRIBUTES = 16;

  /** No kernel has so many; the end is an answer that isn't success. */
  private static final int PARAMETERS_MAX = 8192;

  private final Handles<Loaded> modules;
  private final Handles<CudaFunction> functions;

  /** Variables that were asked for: address to size. */
  private final ConcurrentSkipListMap<Long, Long> variables = new ConcurrentSkipListMap<>();

  CudaModules(int objectsMax) {
    modules = new Handles<>("module", objectsMax);
    functions = new Handles<>("function", objectsMax);
  }

  private static final class Loaded {
    private final long module;

    /** As it was given. */
    private final ByteBuffer image;

    private final List<Long> functions;

    /** Null if its kernels aren't fenced. */
    private final @Nullable FencedModule fenced;

    /** Those that the driver has placed and somebody has asked for. */
    private final List<Long> variables = new ArrayList<>();

    private boolean unloaded;

    Loaded(long module, ByteBuffer image, List<Long> functions, @Nullable FencedModule fenced) {
      this.module = module;
      this.image = image;
      this.functions = functions;
      this.fenced = fenced;
    }

    List<GlobalDescription> placed() {
      return fenced == null ? List.of() : fenced.variables();
    }
  }

  ModuleDescription load(ByteBuffer image) {
    return describe(new ModuleLoader().load(CudaImage.of(image)), image, null);
  }

  /** Loads a module whose kernels are fenced. */
  ModuleDescription load(ByteBuffer image, FencedModule fenced, FencedModule.DeviceBytes memory) {
    long module = new ModuleLoader().load(fenced.images());
    try {
      fenced.fill(module, memory);
    } catch (RuntimeException refused) {
      int unused = CudaCalls.cuModuleUnload(module);
      throw refused;
    }
    return describe(module, image, fenced);
  }

  private ModuleDescription describe(long module, ByteBuffer image, @Nullable FencedModule fenced) {
    List<FunctionDescription> described = new ArrayList<>();
    try {
      for (long function : functionsOf(module)) {
        described.add(describe(function));
      }
    } catch (RuntimeException refused) {
      described.forEach(function -> functions.remove(function.function()));
      int unused = CudaCalls.cuModuleUnload(module);
      throw refused;
    }
    List<Long> handles = described.stream().map(FunctionDescription::function).toList();
    Loaded loaded = new Loaded(module, image, handles, fenced);
    return new ModuleDescription(modules.add(loaded), described, loaded.placed());
  }

  static void link(ByteBuffer image) {
    new ModuleLoader().link(CudaImage.of(image));
  }

  private static long[] functionsOf(long module) {
    int[] count = new int[1];
    Cuda.require(CudaCalls.cuModuleGetFunctionCount(count, module), "cuModuleGetFunctionCount");
    long[] found = new long[count[0]];
    if (found.length > 0) {
      Cuda.require(
          CudaCalls.cuModuleEnumerateFunctions(found, found.length, module),
          "cuModuleEnumerateFunctions");
    }
    return found;
  }

  private FunctionDescription describe(long function) {
    CudaFunction made = load(function);
    return new FunctionDescription(
        functions.add(made),
        made.name(),
        attributesOf(function),
        parametersOf(function),
        made.parameterBytes());
  }

  private static CudaFunction load(long function) {
    // Now, on a loading thread, and not at the first launch.
    Cuda.require(CudaCalls.cuFuncLoad(function), "cuFuncLoad");
    long[] text = new long[1];
    Cuda.require(CudaCalls.cuFuncGetName(text, function), "cuFuncGetName");
    return CudaFunction.of(function, Cuda.text(text[0]), parametersOf(function));
  }

  private static List<ParameterDescription> parametersOf(long function) {
    List<ParameterDescription> parameters = new ArrayList<>();
    long[] offset = new long[1];
    long[] size = new long[1];
    while (parameters.size() < PARAMETERS_MAX
        && CudaCalls.cuFuncGetParamInfo(function, parameters.size(), offset, size) == OK) {
      parameters.add(new ParameterDescription((int) offset[0], (int) size[0]));
    }
    return parameters;
  }

  private static Map<Integer, Integer> attributesOf(long function) {
    Map<Integer, Integer> attributes = new HashMap<>();
    int[] value = new int[1];
    for (int attribute = 0; attribute < FUNCTION_ATTRIBUTES; attribute++) {
      if (CudaCalls.cuFuncGetAttribute(value, attribute, function) == OK) {
        attributes.put(attribute, value[0]);
      }
    }
    return attributes;
  }

  Optional<GlobalDescription> findGlobal(long handle, String name) {
    Loaded loaded = modules.get(handle);
    if (loaded.fenced != null && name.equals(PtxFence.FUNCTION_TABLE)) {
      return Optional.empty();
    }
    long[] address = new long[1];
    long[] bytes = new long[1];
    // The session may unload it meanwhile.
    synchronized (loaded) {
      if (loaded.unloaded) {
        throw new DriverException(CUresult.CUDA_ERROR_INVALID_HANDLE_VALUE, "no such module");
      }
      int result = CudaCalls.cuModuleGetGlobal_v2(address, bytes, loaded.module, Cuda.bytes(name));
      if (result == CUresult.CUDA_ERROR_NOT_FOUND_VALUE) {
        return Optional.empty();
      }
      Cuda.require(result, "cuModuleGetGlobal");
      variables.put(address[0], bytes[0]);
      loaded.variables.add(address[0]);
    }
    return Optional.of(new GlobalDescription(name, address[0], bytes[0]));
  }

  /** Whether a range lies in a variable that somebody has asked for. */
  boolean isInVariable(long address, long bytes) {
    Map.Entry<Long, Long> below = variables.floorEntry(address);
    return below != null && address - below.getKey() <= below.getValue() - bytes;
  }

  /** Forgets a module; the answer is its handle of the driver. */
  long remove(long handle) {
    Loaded loaded = modules.remove(handle);
    loaded.functions.forEach(functions::remove);
    synchronized (loaded) {
      loaded.unloaded = true;
      loaded.variables.forEach(variables::remove);
      return loaded.module;
    }
  }

  CudaFunction function(long handle) {
    return functions.get(handle);
  }

  /**
   * What is loaded, for another context. The variables' values end with this one, so that they must
   * be as the image has them.
   *
   * @throws DriverException {@code CUDA_ERROR_NOT_SUPPORTED} if they may be others
   */
  List<LoadedImage> images() {
    List<LoadedImage> images = new ArrayList<>();
    modules.byHandle().forEach((handle, loaded) -> images.add(imageOf(handle, loaded)));
    return images;
  }

  private LoadedImage imageOf(long handle, Loaded loaded) {
    List<FunctionImage> kernels = new ArrayList<>();
    boolean launched = false;
    for (long function : loaded.functions) {
      CudaFunction kernel = functions.get(function);
      launched |= kernel.wasLaunched();
      kernels.add(new FunctionImage(kernel.name(), function, kernel.settings()));
    }
    synchronized (loaded) {
      boolean kernelsMayHaveChanged =
          launched
              && (loaded.fenced == null
                  ? Variables.mayBeIn(loaded.image)
                  : loaded.fenced.hasCodeAddresses());
      if (!loaded.variables.isEmpty() || kernelsMayHaveChanged) {
        throw new DriverException(
            CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
            "a module's variables were on the device, where kernels may have changed them");
      }
    }
    return new LoadedImage(handle, loaded.image, kernels, loaded.placed());
  }

  Handles.State moduleHandles() {
    return modules.state();
  }

  Handles.State functionHandles() {
    return functions.state();
  }

  /**
   * Loads the modules of an image, with everything named as it was.
   *
   * @param fence what their kernels keep to; null if nothing
   */
  void adopt(DomainImage image, @Nullable KernelFence fence) {
    Map<Long, Loaded> loaded = new HashMap<>();
    Map<Long, CudaFunction> kernels = new HashMap<>();
    try {
      for (LoadedImage module : image.modules()) {
        loaded.put(module.handle(), adopt(module, kernels, fence));
      }
    } finally {
      // Also those before one that failed, so that they are unloaded with the domain.
      modules.restore(image.handles().modules(), loaded);
      functions.restore(image.handles().functions(), kernels);
    }
  }

  private static Loaded adopt(
      LoadedImage before, Map<Long, CudaFunction> kernels, @Nullable KernelFence fence) {
    FencedModule fenced = null;
    if (fence != null) {
      Map<String, Long> places = new HashMap<>();
      before.globals().forEach(global -> places.put(global.name(), global.address()));
      // Their contents come with the slab's.
      fenced =
          new FencedModule(before.image(), fence, (name, bytes, alignment) -> known(places, name));
    }
    long module =
        new ModuleLoader().load(fenced == null ? CudaImage.of(before.image()) : fenced.images());
    Map<String, CudaFunction> byName = new HashMap<>();
    for (long address : functionsOf(module)) {
      CudaFunction kernel = load(address);
      byName.put(kernel.name(), kernel);
    }
    List<Long> handles = new ArrayList<>();
    for (FunctionImage each : before.functions()) {
      CudaFunction kernel = byName.get(each.name());
      if (kernel == null) {
        throw new DriverException(
            CUresult.CUDA_ERROR_NOT_FOUND_VALUE, "the image has lost its kernel " + each.name());
      }
      each.settings().forEach((attribute, value) -> set(kernel, attribute, value));
      kernels.put(each.handle(), kernel);
      handles.add(each.handle());
    }
    return new Loaded(module, before.image(), handles, fenced);
  }

  private static long known(Map<String, Long> places, String name) {
    Long address = places.get(name);
    if (address == null) {
      throw new DriverException(
          CUresult.CUDA_ERROR_NOT_FOUND_VALUE, "the image has a new variable " + name);
    }
    return address;
  }

  private static void set(CudaFunction kernel, int attribute, int value) {
    Cuda.require(
        CudaCalls.cuFuncSetAttribute(kernel.address(), attribute, value), "cuFuncSetAttribute");
    kernel.settings().put(attribute, value);
  }

  /** Unloads everything. */
  void unloadAll() {
    for (Loaded loaded : modules.all()) {
      int unused = CudaCalls.cuModuleUnload(loaded.module);
    }
  }
}
