// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source.c;

import com.google.protobuf.Descriptors.EnumDescriptor;
import io.remora.v1.CudaTypesProto;

/** {@code remora_cuda_enums.h}: CUDA's enumerations as far as Remora gives them meaning. */
public final class EnumsFile {
  /** The zero that proto3 demands of enumerations that have none in CUDA. */
  private static final String OWN_ZERO = "_UNSPECIFIED";

  private EnumsFile() {}

  /** The file's text. */
  public static String of() {
    CText text = CText.header("REMORA_CUDA_ENUMS_H");
    for (EnumDescriptor type : CudaTypesProto.getDescriptor().getEnumTypes()) {
      text.open("typedef enum");
      type.getValues().stream()
          .filter(each -> !each.getName().endsWith(OWN_ZERO))
          .forEach(each -> text.line(each.getName() + " = " + each.getNumber() + ","));
      text.close(" " + type.getName() + ";").line("");
    }
    return text.endHeader();
  }
}
