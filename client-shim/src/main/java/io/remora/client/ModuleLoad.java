// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.client.generated.Outputs;
import io.remora.wire.WireWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import jcuda.Pointer;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/** Loads one module. */
final class ModuleLoad {
  /** First bytes of an ELF file, little endian. */
  private static final int ELF = 0x464c457f;

  /** First bytes of a fat binary, little endian. */
  private static final int FAT_BINARY = 0xba55ed50;

  private final ClientCore core;
  private final ThreadState thread;
  private final int number;
  private final JitOptions options;

  /**
   * @param number which of the loading calls is made
   */
  ModuleLoad(ClientCore core, int number, JitOptions options) {
    this.core = core;
    this.number = number;
    this.options = options;
    thread = core.thread();
  }

  /** PTX as it would lie in memory. */
  static byte[] text(String ptx) {
    return ptx.getBytes(StandardCharsets.UTF_8);
  }

  /** What a pointer to an image refers to; the image itself tells its end. */
  static byte @Nullable [] bytes(@Nullable Pointer image) {
    if (image == null) {
      return null;
    }
    HostSpan rest = HostSpan.from(image);
    if (rest == null || rest.bytes() > Integer.MAX_VALUE) {
      return null;
    }
    byte[] bytes = new byte[(int) rest.bytes()];
    ByteBuffer scratch = ByteBuffer.allocate(bytes.length);
    rest.read(0, bytes.length, scratch).get(bytes);
    return bytes;
  }

  /** Loads, and gives {@code module} its handle. */
  int load(@Nullable CUmodule module, byte @Nullable [] given) {
    if (module == null || given == null) {
      return CUresult.CUDA_ERROR_INVALID_VALUE;
    }
    int result = core.refusal(thread);
    if (result != CUresult.CUDA_SUCCESS) {
      return result;
    }
    byte[] image = trim(given);
    if (image.length == 0) {
      return CUresult.CUDA_ERROR_INVALID_IMAGE;
    }
    long handle = core.newHandle();
    result =
        new ImageRequest(core, thread, image)
            .send(number, (out, hash, bytes) -> write(out, handle, hash, bytes));
    return finish(module, handle, result);
  }

  private int finish(CUmodule module, long handle, int result) {
    if (result == CUresult.CUDA_SUCCESS) {
      JCudaFields.setValue(module, handle);
      if (number == Calls.CU_MODULE_LOAD_DATA_EX) {
        Outputs.CuModuleLoadDataEx outputs = Outputs.cuModuleLoadDataEx(core.outputs(thread));
        options.fill(outputs.infoLog(), "", outputs.wallTimeMillis());
      }
    } else {
      options.fill("", thread.waiter().detail(), 0);
    }
    return result;
  }

  private void write(WireWriter out, long handle, byte[] hash, int imageBytes) {
    if (number == Calls.CU_MODULE_LOAD_DATA) {
      CallWriter.cuModuleLoadData(out, handle, hash, imageBytes);
    } else if (number == Calls.CU_MODULE_LOAD_FAT_BINARY) {
      CallWriter.cuModuleLoadFatBinary(out, handle, hash, imageBytes);
    } else {
      CallWriter.cuModuleLoadDataEx(
          out, handle, options.keys(), options.values(), hash, imageBytes);
    }
  }

  /** Text ends at its first zero; machine code has zeros and a length of its own. */
  private static byte[] trim(byte[] image) {
    if (image.length >= Integer.BYTES) {
      int magic = ByteBuffer.wrap(image).order(java.nio.ByteOrder.LITTLE_ENDIAN).getInt(0);
      if (magic == ELF || magic == FAT_BINARY) {
        return image;
      }
    }
    for (int i = 0; i < image.length; i++) {
      if (image[i] == 0) {
        return Arrays.copyOf(image, i);
      }
    }
    return image;
  }
}
