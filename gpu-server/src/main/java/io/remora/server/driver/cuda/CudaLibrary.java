// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import io.remora.v1.CUresult;
import jcuda.driver.JCudaDriver;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the driver's library, binds it, and says in one line what is wrong with it. */
final class CudaLibrary {
  private static final Logger log = LoggerFactory.getLogger(CudaLibrary.class);

  static final String NAME = "libcuda.so.1";

  /** cuFuncGetParamInfo and cuModuleEnumerateFunctions came with it. */
  private static final int VERSION_MIN = 12040;

  /** What Remora's own libcuda.so.1 answers to; see its export_tables.c. */
  private static final byte[] REMORA_TABLE = {
    'r', 'e', 'm', 'o', 'r', 'a', '-', 'c', 'l', 'i', 'e', 'n', 't', 0, 0, 1
  };

  private CudaLibrary() {}

  /**
   * Loads and binds the library, and initialises the driver.
   *
   * @param name for the system's loader, or a path
   * @param client whether Remora's own client library will do, whose GPUs are another server's
   * @return the driver's version, e.g. 12040
   * @throws CudaUnavailableException with what to do
   */
  static int open(String name, boolean client) throws CudaUnavailableException {
    bind(name);
    if (!client && isRemora()) {
      throw new CudaUnavailableException(
          NAME
              + " is Remora's own client library: say --device cuda to serve another server's GPUs");
    }
    int[] version = new int[1];
    try {
      int result = JCudaDriver.cuInit(0);
      if (result != CUresult.CUDA_SUCCESS_VALUE) {
        throw new CudaUnavailableException(why(result));
      }
      result = JCudaDriver.cuDriverGetVersion(version);
      if (result != CUresult.CUDA_SUCCESS_VALUE) {
        throw new CudaUnavailableException("cuDriverGetVersion answered " + Cuda.name(result));
      }
    } catch (LinkageError e) {
      throw new CudaUnavailableException("JCuda's native library can't be loaded: " + firstLine(e));
    }
    if (version[0] < VERSION_MIN) {
      throw new CudaUnavailableException(
          "the NVIDIA driver is for CUDA "
              + versionText(version[0])
              + ", and "
              + versionText(VERSION_MIN)
              + " is needed: update the driver to 550 or newer");
    }
    return version[0];
  }

  static String versionText(int version) {
    return version / 1000 + "." + version % 1000 / 10;
  }

  private static void bind(String name) throws CudaUnavailableException {
    NativeLibrary library;
    try {
      library = NativeLibrary.getInstance(name);
    } catch (UnsatisfiedLinkError e) {
      throw new CudaUnavailableException(
          "there is no "
              + NAME
              + " ("
              + firstLine(e)
              + "): install NVIDIA's driver; a container gets it by --gpus all");
    }
    try {
      Native.register(CudaCalls.class, library);
    } catch (UnsatisfiedLinkError e) {
      throw new CudaUnavailableException(
          "the NVIDIA driver is too old, CUDA "
              + versionText(VERSION_MIN)
              + " is needed: update it to 550 or newer ("
              + firstLine(e)
              + ")");
    }
    try {
      Native.register(VirtualMemoryCalls.class, library);
    } catch (UnsatisfiedLinkError e) {
      // Then no device says that it has virtual memory management, and nobody calls any of it.
      log.debug("the driver has no virtual memory management", e);
    }
  }

  /** Whether the library that is bound is Remora's own client. */
  static boolean isRemora() {
    return CudaCalls.cuGetExportTable(new long[1], REMORA_TABLE) == CUresult.CUDA_SUCCESS_VALUE;
  }

  private static String why(int result) {
    return switch (result) {
      case CUresult.CUDA_ERROR_NO_DEVICE_VALUE ->
          "the NVIDIA driver finds no GPU: look at nvidia-smi, and at CUDA_VISIBLE_DEVICES";
      case CUresult.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH_VALUE ->
          NAME
              + " and the kernel's NVIDIA module are of different versions: reboot, or reinstall"
              + " the driver";
      case CUresult.CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE_VALUE ->
          "the forward compatibility package doesn't support this GPU: remove it, or update the"
              + " driver";
      default ->
          "the NVIDIA driver doesn't start: cuInit answered "
              + Cuda.name(result)
              + "; look at nvidia-smi and at the kernel's log";
    };
  }

  /** The first line of what a loader says. */
  static String firstLine(Throwable thrown) {
    return String.valueOf(thrown.getMessage())
        .lines()
        .findFirst()
        .orElse("no reason given")
        .strip()
        // What JNA has tried follows, line by line.
        .replaceFirst(":$", "");
  }
}
