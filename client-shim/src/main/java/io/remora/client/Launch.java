// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.v1.DeviceSnapshot;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Map;
import jcuda.NativePointerObject;
import jcuda.Pointer;
import jcuda.driver.CUdevice_attribute;
import jcuda.driver.CUfunction;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/** What launches have in common: finding the function, checking the shape, the parameters. */
final class Launch {
  // The values of JCuda's constants in the extra parameters of a launch.
  private static final long BUFFER_POINTER = 1;
  private static final long BUFFER_SIZE = 2;

  private Launch() {}

  static @Nullable Function function(
      ClientCore core, ThreadState thread, @Nullable CUfunction handle) {
    long value = JCudaFields.value(handle);
    Function last = thread.lastFunction();
    if (last != null && last.handle() == value && last.isLoaded()) {
      return last;
    }
    Function function = core.functions().get(value);
    if (function != null) {
      thread.setLastFunction(function);
    }
    return function;
  }

  /** The checks that CUDA makes at once, before anything is put on a stream. */
  static int check(
      ClientCore core,
      ThreadState thread,
      @Nullable Function function,
      int gridX,
      int gridY,
      int gridZ,
      int blockX,
      int blockY,
      int blockZ) {
    int refused = core.refusal(thread);
    ClientContext context = thread.current();
    if (refused != CUresult.CUDA_SUCCESS || context == null) {
      return refused;
    }
    if (function == null) {
      return CUresult.CUDA_ERROR_INVALID_HANDLE;
    }
    if (gridX <= 0 || gridY <= 0 || gridZ <= 0 || blockX <= 0 || blockY <= 0 || blockZ <= 0) {
      thread.explain(function.name(), "a grid and its blocks have at least one in each dimension");
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    long threads = (long) blockX * blockY * blockZ;
    DeviceSnapshot device = core.contexts().devices().get(context.device());
    Map<Integer, Integer> limits = device.getAttributesMap();
    Integer most = limits.get(CUdevice_attribute.CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
    if (most != null && (threads > most || blockX > most || blockY > most || blockZ > most)) {
      thread.explain(function.name(), "a block has at most " + most + " threads");
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    return CUresult.CUDA_SUCCESS;
  }

  /** Lays the parameters out, from whichever of the two places they are in. */
  static int marshal(
      ThreadState thread,
      Function function,
      @Nullable Pointer kernelParameters,
      @Nullable Pointer extra,
      byte[] into) {
    String wrong;
    if (extra == null) {
      wrong = KernelParameters.write(kernelParameters, function, into);
    } else if (kernelParameters != null) {
      wrong = "parameters are given twice, as kernel parameters and as extra";
    } else {
      wrong = fromExtra(extra, function, into);
    }
    if (wrong == null) {
      return CUresult.CUDA_SUCCESS;
    }
    thread.explain("cuLaunchKernel", wrong);
    return CUresult.CUDA_ERROR_INVALID_VALUE;
  }

  /** Parameters that the program has laid out itself: a list of keys and values. */
  private static @Nullable String fromExtra(Pointer extra, Function function, byte[] into) {
    NativePointerObject[] list = JCudaFields.pointers(extra);
    Pointer buffer = null;
    long size = -1;
    for (int i = 0; list != null && i + 1 < list.length; i += 2) {
      long key = JCudaFields.value(list[i]);
      if (key == BUFFER_POINTER && list[i + 1] instanceof Pointer pointer) {
        buffer = pointer;
      } else if (key == BUFFER_SIZE && list[i + 1] instanceof Pointer pointer) {
        size = readSize(pointer);
      } else {
        break;
      }
    }
    if (buffer == null || size < function.parameterBytes()) {
      return "extra must name a buffer and a size of at least "
          + function.parameterBytes()
          + " bytes";
    }
    HostSpan span = HostSpan.of(buffer, into.length);
    if (span == null) {
      return "the buffer in extra is too small or not in Java memory";
    }
    span.read(0, into.length, ByteBuffer.allocate(into.length)).get(into);
    return null;
  }

  private static long readSize(Pointer pointer) {
    for (int bytes = Long.BYTES; bytes >= Integer.BYTES; bytes -= Integer.BYTES) {
      HostSpan span = HostSpan.of(pointer, bytes);
      if (span != null) {
        ByteBuffer value = span.read(0, bytes, ByteBuffer.allocate(bytes)).slice();
        value.order(ByteOrder.nativeOrder());
        return bytes == Long.BYTES ? value.getLong(0) : value.getInt(0);
      }
    }
    return -1;
  }
}
