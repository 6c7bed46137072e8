// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.software;

import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** Finds the PTX text in what a program gives to {@code cuModuleLoadData}. */
final class ModuleImage {
  private static final int ELF_MAGIC = 0x464c457f;

  private ModuleImage() {}

  /**
   * @param image PTX text, a fatbin or a cubin; its position is left alone
   * @param computeCapability of the device, major * 10 + minor
   * @param textBytesMax longest text taken
   */
  static String ptx(ByteBuffer image, int computeCapability, int textBytesMax) {
    int magic = image.remaining() < 4 ? 0 : image.slice().order(ByteOrder.LITTLE_ENDIAN).getInt(0);
    if (magic == Fatbin.MAGIC) {
      return new Fatbin(image).ptx(computeCapability, textBytesMax);
    }
    if (magic == ELF_MAGIC) {
      throw new DriverException(
          CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU_VALUE,
          "the image is machine code for a GPU, and a software device runs PTX only; compile with"
              + " PTX: nvcc -gencode arch=compute_75,code=compute_75, or nvcc -ptx");
    }
    return text(image, textBytesMax);
  }

  private static String text(ByteBuffer image, int textBytesMax) {
    int end = 0;
    int from = image.position();
    while (end < image.remaining() && image.get(from + end) != 0) {
      end++;
    }
    if (end == 0 || end > textBytesMax) {
      throw new DriverException(
          CUresult.CUDA_ERROR_INVALID_IMAGE_VALUE,
          end == 0
              ? "the image is neither PTX text nor a fatbin nor a cubin"
              : "PTX of " + end + " bytes; the most is " + textBytesMax);
    }
    byte[] bytes = new byte[end];
    image.duplicate().get(bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }
}
