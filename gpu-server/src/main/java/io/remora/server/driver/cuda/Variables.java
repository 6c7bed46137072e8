// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.cuda;

import io.remora.server.driver.DriverException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Whether an image has variables, whose values a context takes with it when it ends. The driver
 * doesn't list them, so the texts are looked through; machine code alone says nothing.
 */
final class Variables {
  /** A state space that is not part of an instruction ({@code ld.global}) nor of a parameter. */
  private static final Pattern DECLARATION =
      Pattern.compile("(?<![\\w.])(?<!\\.ptr[ \\t]{1,8})\\.(?:global|const)\\b");

  private Variables() {}

  /** Errs on the side of yes. */
  static boolean mayBeIn(ByteBuffer image) {
    try {
      List<CudaImage> parts = CudaImage.of(image);
      return parts.stream().anyMatch(Variables::mayBeIn);
    } catch (DriverException malformed) {
      return true;
    }
  }

  private static boolean mayBeIn(CudaImage part) {
    return !part.isPtx()
        || DECLARATION
            .matcher(
                StandardCharsets.ISO_8859_1.decode(part.memory().getByteBuffer(0, part.bytes())))
            .find();
  }
}
