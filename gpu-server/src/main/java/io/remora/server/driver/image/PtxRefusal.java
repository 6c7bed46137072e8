// SPDX-License-Identifier: Apache-2.0
package io.remora.server.driver.image;

import io.remora.ptx.PtxException;
import io.remora.server.driver.DriverException;
import io.remora.v1.CUresult;

/** What a program is told of a text that was refused. */
public final class PtxRefusal {
  private PtxRefusal() {}

  /** CUDA's code for it, with the message as it is. */
  public static DriverException of(PtxException refused) {
    int result =
        switch (refused.kind()) {
          case SYNTAX, TOO_LARGE -> CUresult.CUDA_ERROR_INVALID_PTX_VALUE;
          case UNSUPPORTED -> CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE;
        };
    return new DriverException(result, String.valueOf(refused.getMessage()));
  }
}
