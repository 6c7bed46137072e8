// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.Domain.FunctionDescription;
import io.remora.server.driver.Domain.GlobalDescription;
import io.remora.server.driver.Domain.ModuleDescription;
import io.remora.server.driver.Domain.ParameterDescription;
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
    private final List<Long> functions;
    private final List<Long> variables = new ArrayList<>();
    private boolean unloaded;

    Loaded(long module, List<Long> functions) {
      this.module = module;
      this.functions = functions;
    }
  }

  ModuleDescription load(ByteBuffer image) {
    long module = new ModuleLoader().load(CudaImage.of(image));
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
    return new ModuleDescription(modules.add(new Loaded(module, handles)), described, List.of());
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
    // Now, on a loading thread, and not at the first launch.
    Cuda.require(CudaCalls.cuFuncLoad(function), "cuFuncLoad");
    long[] text = new long[1];
    Cuda.require(CudaCalls.cuFuncGetName(text, function), "cuFuncGetName");
    String name = Cuda.text(text[0]);
    List<ParameterDescription> parameters = parametersOf(function);
    CudaFunction made = CudaFunction.of(function, name, parameters);
    return new FunctionDescription(
        functions.add(made), name, attributesOf(function), parameters, made.parameterBytes());
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

  /** Unloads everything. */
  void unloadAll() {
    for (Loaded loaded : modules.all()) {
      int unused = CudaCalls.cuModuleUnload(loaded.module);
    }
  }
}
