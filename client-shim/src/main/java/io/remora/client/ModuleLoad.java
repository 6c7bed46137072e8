// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.client.generated.CallWriter;
import io.remora.client.generated.Calls;
import io.remora.client.generated.Outputs;
import io.remora.v1.RemoteResult;
import io.remora.wire.WireWriter;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import jcuda.Pointer;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import org.jspecify.annotations.Nullable;

/**
 * Loads one module. The server is told the image's hash; only if it doesn't hold the image is the
 * image sent, and the server asked again.
 */
final class ModuleLoad {
  /** First bytes of an ELF file, little endian. */
  private static final int ELF = 0x464c457f;

  /** First bytes of a fat binary, little endian. */
  private static final int FAT_BINARY = 0xba55ed50;

  /** The server may have dropped the image between upload and use, but not again and again. */
  private static final int ATTEMPTS = 3;

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
    byte[] hash = sha256(image);
    long handle = core.newHandle();
    for (int attempt = 1; attempt <= ATTEMPTS; attempt++) {
      result = request(handle, hash, image.length);
      if (result != RemoteResult.IMAGE_NEEDED_VALUE) {
        return finish(module, handle, result);
      }
      result = upload(hash, image);
      if (result != CUresult.CUDA_SUCCESS) {
        return result;
      }
    }
    thread.explain("cuModuleLoadData", "the server lost the image while it was loaded");
    return CUresult.CUDA_ERROR_UNKNOWN;
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

  private int request(long handle, byte[] hash, int imageBytes) {
    WireWriter out = core.begin(number, thread);
    try {
      if (number == Calls.CU_MODULE_LOAD_DATA) {
        CallWriter.cuModuleLoadData(out, handle, hash, imageBytes);
      } else if (number == Calls.CU_MODULE_LOAD_FAT_BINARY) {
        CallWriter.cuModuleLoadFatBinary(out, handle, hash, imageBytes);
      } else {
        CallWriter.cuModuleLoadDataEx(
            out, handle, options.keys(), options.values(), hash, imageBytes);
      }
      core.endSync(thread);
    } finally {
      core.release();
    }
    return core.await(thread, number);
  }

  private int upload(byte[] hash, byte[] image) {
    int chunk = core.connection().welcome().getChunkBytesMax();
    int result = CUresult.CUDA_SUCCESS;
    for (int offset = 0; offset < image.length && result == CUresult.CUDA_SUCCESS; ) {
      int length = Math.min(chunk, image.length - offset);
      ByteBuffer part = ByteBuffer.wrap(image, offset, length);
      WireWriter out = core.beginPayload(Calls.REMORA_UPLOAD_IMAGE, thread, length);
      try {
        CallWriter.remoraUploadImageTail(out, hash, image.length, offset, part);
        result = core.endPayload();
      } finally {
        core.release();
      }
      offset += length;
    }
    return result;
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

  private static byte[] sha256(byte[] image) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(image);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
