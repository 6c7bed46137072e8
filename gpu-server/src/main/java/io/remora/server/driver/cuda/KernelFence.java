// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.ptx.CompileOptions;
import io.remora.ptx.PtxException;
import io.remora.ptx.PtxFence;
import io.remora.ptx.PtxText;
import io.remora.server.driver.DriverException;
import io.remora.server.driver.image.PtxRefusal;
import io.remora.server.driver.image.PtxTexts;
import io.remora.v1.CUresult;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * What the kernels of a domain have to keep to.
 *
 * @param address the slab's first byte
 * @param bytes the slab's size, a power of two
 * @param computeCapability of the device, major * 10 + minor
 */
record KernelFence(long address, long bytes, int computeCapability) {
  private static final String REMEDY = ", or have the tenant's isolation set to shared";

  private static final PtxTexts.Taker TAKER =
      new PtxTexts.Taker("a session with isolation 'guarded'", REMEDY, "");

  /**
   * Reads an image's text.
   *
   * @throws DriverException that says what can't be fenced
   */
  PtxFence read(ByteBuffer image) {
    List<PtxText> texts =
        PtxTexts.ptx(image, TAKER, computeCapability, CompileOptions.DEFAULTS.maxTextBytes());
    if (texts.size() > 1) {
      throw new DriverException(
          CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE,
          "an image of several texts that are to be linked can't be fenced: compile without"
              + " relocatable device code (-rdc)"
              + REMEDY);
    }
    try {
      return PtxFence.of(texts.get(0).text(), CompileOptions.DEFAULTS);
    } catch (PtxException refused) {
      throw refusal(refused);
    }
  }

  /** What a program is told, with what it can do about it. */
  static DriverException refusal(PtxException refused) {
    DriverException told = PtxRefusal.of(refused);
    return refused.kind() == PtxException.Kind.UNSUPPORTED
        ? new DriverException(told.result(), told.detail() + REMEDY)
        : told;
  }
}
