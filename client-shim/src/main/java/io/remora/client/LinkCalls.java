// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.client.generated.Outputs;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.ConcurrentHashMap;
import jcuda.Pointer;
import jcuda.driver.CUjitInputType;
import jcuda.driver.CUlinkState;
import jcuda.driver.CUresult;
import jcuda.driver.JITOptions;
import org.jspecify.annotations.Nullable;

/** Linking: the inputs are kept here, and the server links them when the program asks for it. */
interface LinkCalls extends TableCalls {
  @Override
  default int cuLinkCreate(@Nullable JITOptions jitOptions, @Nullable CUlinkState stateOut) {
    if (stateOut == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    int refused = core().refusal(core().thread());
    if (refused != CUresult.CUDA_SUCCESS) {
      return refused;
    }
    long handle = core().newHandle();
    links().put(handle, new LinkSet(JitOptions.of(jitOptions)));
    JCudaFields.setValue(stateOut, handle);
    return core().local(CUresult.CUDA_SUCCESS);
  }

  @Override
  default int cuLinkAddData(
      @Nullable CUlinkState state,
      int type,
      @Nullable Pointer data,
      long size,
      @Nullable String name,
      @Nullable JITOptions jitOptions) {
    HostSpan span = data == null || size <= 0 ? null : HostSpan.from(data);
    if (span == null || span.bytes() < size || size > Integer.MAX_VALUE) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    byte[] image = new byte[(int) size];
    span.read(0, image.length, ByteBuffer.allocate(image.length)).get(image);
    return addInput(state, type, image, name == null ? "" : name);
  }

  @Override
  default int cuLinkAddFile(
      @Nullable CUlinkState state,
      int type,
      @Nullable String path,
      @Nullable JITOptions jitOptions) {
    if (path == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    byte[] image;
    try {
      image = Files.readAllBytes(Path.of(path));
    } catch (IOException | InvalidPathException e) {
      core().thread().explain("cuLinkAddFile", "can't read " + path);
      return CUresult.CUDA_ERROR_FILE_NOT_FOUND;
    }
    return addInput(state, type, image, path);
  }

  private int addInput(@Nullable CUlinkState state, int type, byte[] image, String name) {
    LinkSet set = links().get(JCudaFields.value(state));
    if (set == null) {
      return CUresult.CUDA_ERROR_INVALID_HANDLE;
    }
    if (type != CUjitInputType.CU_JIT_INPUT_PTX && type != CUjitInputType.CU_JIT_INPUT_FATBINARY) {
      boolean known =
          type >= CUjitInputType.CU_JIT_INPUT_CUBIN && type <= CUjitInputType.CU_JIT_INPUT_NVVM;
      core().thread().explain("cuLinkAddData", "only PTX and fatbins can be linked");
      return known ? CUresult.CUDA_ERROR_NOT_SUPPORTED : CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    return set.add(name, image)
        ? core().local(CUresult.CUDA_SUCCESS)
        : CUresult.CUDA_ERROR_OUT_OF_MEMORY;
  }

  @Override
  default int cuLinkComplete(
      @Nullable CUlinkState state, @Nullable Pointer cubinOut, long @Nullable [] sizeOut) {
    LinkSet set = links().get(JCudaFields.value(state));
    if (set == null || cubinOut == null || set.isEmpty()) {
      return set == null ? CUresult.CUDA_ERROR_INVALID_HANDLE : CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    ThreadState thread = core().thread();
    int result = core().refusal(thread);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    byte[] image = set.image();
    JitOptions options = set.options();
    result =
        new ImageRequest(core(), thread, image)
            .send(
                Calls.REMORA_LINK,
                (out, hash, bytes) ->
                    CallWriter.remoraLink(out, options.keys(), options.values(), hash, bytes));
    if (result != CUresult.CUDA_SUCCESS) {
      options.fill("", thread.waiter().detail(), 0);
      return result;
    }
    Outputs.RemoraLink outputs = Outputs.remoraLink(core().outputs(thread));
    options.fill(outputs.infoLog(), "", outputs.wallTimeMillis());
    JCudaFields.pointTo(cubinOut, image);
    if (sizeOut != null) {
      Arrays.fill(sizeOut, 0, Math.min(1, sizeOut.length), image.length);
    }
    return result;
  }

  @Override
  default int cuLinkDestroy(@Nullable CUlinkState state) {
    return links().remove(JCudaFields.value(state)) == null
        ? CUresult.CUDA_ERROR_INVALID_HANDLE
        : core().local(CUresult.CUDA_SUCCESS);
  }

  private ConcurrentHashMap<Long, LinkSet> links() {
    return core().links();
  }
}
