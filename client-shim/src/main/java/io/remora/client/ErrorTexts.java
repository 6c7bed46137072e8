// SPDX-License-Identifier: Apache-2.0
package io.remora.client;

import io.remora.v1.CUresult;
import io.remora.v1.OptionsProto;
import org.jspecify.annotations.Nullable;

/** Names and descriptions of results, from the call table. */
final class ErrorTexts {
  private ErrorTexts() {}

  /** {@code cuGetErrorName}. */
  static int name(int error, String @Nullable [] into) {
    CUresult known = CUresult.forNumber(error);
    return give(known == null ? null : known.name(), into);
  }

  /** {@code cuGetErrorString}. */
  static int text(int error, String @Nullable [] into) {
    CUresult known = CUresult.forNumber(error);
    return give(
        known == null
            ? null
            : known.getValueDescriptor().getOptions().getExtension(OptionsProto.errorString),
        into);
  }

  private static int give(@Nullable String text, String @Nullable [] into) {
    if (into == null || into.length == 0) {
      return CUresult.CUDA_ERROR_INVALID_VALUE_VALUE;
    }
    into[0] = text == null ? "" : text;
    return text == null ? CUresult.CUDA_ERROR_INVALID_VALUE_VALUE : CUresult.CUDA_SUCCESS_VALUE;
  }
}
