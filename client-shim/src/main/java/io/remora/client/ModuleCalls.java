// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.client.generated.Outputs;
import io.remora.wire.WireWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.JITOptions;
import org.jspecify.annotations.Nullable;

/** Modules and their functions. */
interface ModuleCalls extends TableCalls {
  /** {@code CU_MODULE_EAGER_LOADING}. */
  int EAGER_LOADING = 1;

  @Override
  default int cuModuleLoad(@Nullable CUmodule module, @Nullable String fname) {
    if (fname == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    byte[] image;
    try {
      image = Files.readAllBytes(Path.of(fname));
    } catch (IOException | InvalidPathException e) {
      core().thread().explain("cuModuleLoad", "can't read " + fname);
      return CUresult.CUDA_ERROR_FILE_NOT_FOUND;
    }
    return new ModuleLoad(core(), Calls.CU_MODULE_LOAD_DATA, JitOptions.NONE).load(module, image);
  }

  @Override
  default int cuModuleLoadData(@Nullable CUmodule module, byte @Nullable [] image) {
    return new ModuleLoad(core(), Calls.CU_MODULE_LOAD_DATA, JitOptions.NONE).load(module, image);
  }

  @Override
  default int cuModuleLoadData(@Nullable CUmodule module, @Nullable String image) {
    return cuModuleLoadData(module, image == null ? null : ModuleLoad.text(image));
  }

  @Override
  default int cuModuleLoadFatBinary(@Nullable CUmodule module, byte @Nullable [] fatCubin) {
    return new ModuleLoad(core(), Calls.CU_MODULE_LOAD_FAT_BINARY, JitOptions.NONE)
        .load(module, fatCubin);
  }

  @Override
  default int cuModuleLoadDataEx(
      @Nullable CUmodule module,
      @Nullable Pointer image,
      int numOptions,
      int @Nullable [] options,
      @Nullable Pointer optionValues) {
    return loadWithOptions(
        module, ModuleLoad.bytes(image), JitOptions.of(numOptions, options, optionValues));
  }

  @Override
  default int cuModuleLoadDataEx(
      @Nullable CUmodule module,
      @Nullable String image,
      int numOptions,
      int @Nullable [] options,
      @Nullable Pointer optionValues) {
    return loadWithOptions(
        module,
        image == null ? null : ModuleLoad.text(image),
        JitOptions.of(numOptions, options, optionValues));
  }

  @Override
  default int cuModuleLoadDataJIT(
      @Nullable CUmodule module, @Nullable Pointer pointer, @Nullable JITOptions jitOptions) {
    return loadWithOptions(module, ModuleLoad.bytes(pointer), JitOptions.of(jitOptions));
  }

  private int loadWithOptions(
      @Nullable CUmodule module, byte @Nullable [] image, @Nullable JitOptions options) {
    return options == null
        ? CUresult.CUDA_ERROR_INVALID_VALUE
        : new ModuleLoad(core(), Calls.CU_MODULE_LOAD_DATA_EX, options).load(module, image);
  }

  @Override
  default int cuModuleUnload(@Nullable CUmodule hmod) {
    long handle = JCudaFields.value(hmod);
    core().forgetFunctions(handle);
    ThreadState thread = core().thread();
    int refused = core().refusal(thread);
    if (refused != CUresult.CUDA_SUCCESS || handle == 0) {
      return handle == 0 ? CUresult.CUDA_ERROR_INVALID_HANDLE : refused;
    }
    WireWriter out = core().begin(Calls.CU_MODULE_UNLOAD, thread);
    try {
      CallWriter.cuModuleUnload(out, handle);
      return core().endAsync();
    } finally {
      core().release();
    }
  }

  @Override
  default int cuModuleGetFunction(
      @Nullable CUfunction hfunc, @Nullable CUmodule hmod, @Nullable String name) {
    long module = JCudaFields.value(hmod);
    if (hfunc == null || name == null || module == 0) {
      return module == 0 ? CUresult.CUDA_ERROR_INVALID_HANDLE : CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    ClientCore core = core();
    for (Function known : core.functions().values()) {
      if (known.owner() == module && known.name().equals(name)) {
        JCudaFields.setValue(hfunc, known.handle());
        return core.local(CUresult.CUDA_SUCCESS);
      }
    }
    ThreadState thread = core.thread();
    int result = core.refusal(thread);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    long handle = core.newHandleNear(module);
    WireWriter out = core.begin(Calls.CU_MODULE_GET_FUNCTION, thread);
    try {
      CallWriter.cuModuleGetFunction(out, handle, module, name);
      core.endSync(thread);
    } finally {
      core.release();
    }
    result = core.await(thread, Calls.CU_MODULE_GET_FUNCTION);
    if (result == CUresult.CUDA_SUCCESS) {
      Function function =
          new Function(handle, module, name, Outputs.cuModuleGetFunction(core.outputs(thread)));
      core.functions().put(handle, function);
      JCudaFields.setValue(hfunc, handle);
    }
    return result;
  }

  @Override
  default int cuModuleGetLoadingMode(int @Nullable [] mode) {
    return DeviceCalls.DeviceValues.give(core(), mode, EAGER_LOADING);
  }

  @Override
  default int cuFuncGetModule(@Nullable CUmodule hmod, @Nullable CUfunction hfunc) {
    Function function = core().functions().get(JCudaFields.value(hfunc));
    if (function == null || hmod == null) {
      return function == null
          ? CUresult.CUDA_ERROR_INVALID_HANDLE
          : CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    JCudaFields.setValue(hmod, function.owner());
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuFuncGetAttribute(int @Nullable [] pi, int attrib, @Nullable CUfunction hfunc) {
    Function function = core().functions().get(JCudaFields.value(hfunc));
    if (function == null) {
      return CUresult.CUDA_ERROR_INVALID_HANDLE;
    }
    Integer value = function.attributes().get(attrib);
    return value == null
        ? CUresult.CUDA_ERROR_INVALID_VALUE
        : DeviceCalls.DeviceValues.give(core(), pi, value);
  }

  @Override
  default int cuFuncSetAttribute(@Nullable CUfunction hfunc, int attrib, int value) {
    ClientCore core = core();
    Function function = core.functions().get(JCudaFields.value(hfunc));
    if (function == null) {
      return CUresult.CUDA_ERROR_INVALID_HANDLE;
    }
    WireWriter out = core.begin(Calls.CU_FUNC_SET_ATTRIBUTE, core.thread());
    try {
      CallWriter.cuFuncSetAttribute(out, function.handle(), attrib, value);
      int result = core.endAsync();
      if (result == CUresult.CUDA_SUCCESS) {
        function.attributes().put(attrib, value);
      }
      return result;
    } finally {
      core.release();
    }
  }

  @Override
  default int cuFuncSetSharedMemConfig(@Nullable CUfunction hfunc, int config) {
    if (!core().functions().containsKey(JCudaFields.value(hfunc))) {
      return CUresult.CUDA_ERROR_INVALID_HANDLE;
    }
    return core()
        .local(
            config < 0 || config > 2 ? CUresult.CUDA_ERROR_INVALID_VALUE : CUresult.CUDA_SUCCESS);
  }
}
