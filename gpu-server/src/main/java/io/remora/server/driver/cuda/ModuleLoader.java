// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import java.lang.ref.Reference;
import java.util.List;

/** Loads and links images, and gives the driver's own words where one doesn't work. */
final class ModuleLoader {
  private static final int OK = CUresult.CUDA_SUCCESS_VALUE;
  private static final int LOG_BYTES = 8 << 10;

  // CU_JIT_ERROR_LOG_BUFFER and its size.
  private static final int[] OPTIONS = {5, 6};

  private final Memory log = new Memory(LOG_BYTES);
  private final Memory values = new Memory(2L * Long.BYTES);

  ModuleLoader() {
    log.clear();
    values.setLong(0, Pointer.nativeValue(log));
    values.setLong(Long.BYTES, LOG_BYTES);
  }

  /** The driver's handle of a module made of the images. */
  long load(List<CudaImage> images) {
    try {
      return loadReachable(images);
    } finally {
      Reference.reachabilityFence(images);
    }
  }

  private long loadReachable(List<CudaImage> images) {
    if (images.size() == 1 && images.get(0).name().equals("image")) {
      return load(Pointer.nativeValue(images.get(0).memory()));
    }
    long state = newLink();
    try {
      return load(complete(state, images));
    } finally {
      int unused = CudaCalls.cuLinkDestroy(state);
    }
  }

  /** Finds out whether images can be linked. */
  void link(List<CudaImage> images) {
    long state = newLink();
    try {
      long unused = complete(state, images);
    } finally {
      Reference.reachabilityFence(images);
      int unused = CudaCalls.cuLinkDestroy(state);
    }
  }

  private long load(long image) {
    long[] module = new long[1];
    require(
        CudaCalls.cuModuleLoadDataEx(
            module, image, OPTIONS.length, OPTIONS, Pointer.nativeValue(values)),
        "cuModuleLoadDataEx");
    return module[0];
  }

  private long newLink() {
    long[] state = new long[1];
    require(
        CudaCalls.cuLinkCreate_v2(OPTIONS.length, OPTIONS, Pointer.nativeValue(values), state),
        "cuLinkCreate");
    return state[0];
  }

  private long complete(long state, List<CudaImage> images) {
    for (CudaImage image : images) {
      require(
          CudaCalls.cuLinkAddData_v2(
              state,
              image.type(),
              Pointer.nativeValue(image.memory()),
              image.bytes(),
              Cuda.bytes(image.name()),
              0,
              new int[0],
              0),
          "cuLinkAddData of " + image.name());
    }
    Memory cubin = new Memory(Long.BYTES);
    require(
        CudaCalls.cuLinkComplete(state, Pointer.nativeValue(cubin), new long[1]), "cuLinkComplete");
    return cubin.getLong(0);
  }

  private void require(int result, String call) {
    if (result == OK) {
      return;
    }
    String said = log.getString(0).strip();
    throw new DriverException(
        result, said.isEmpty() ? call + " answered " + Cuda.name(result) : said);
  }
}
