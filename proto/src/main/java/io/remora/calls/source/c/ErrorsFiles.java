// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source.c;

import com.google.protobuf.Descriptors.EnumValueDescriptor;
import io.remora.v1.CUresult;
import io.remora.v1.OptionsProto;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** {@code remora_errors.h} and {@code .c}: names and descriptions of all results. */
public final class ErrorsFiles {
  private static final String FIND =
      """
      const struct remora_error *remora_find_error(int result)
      {
          size_t low = 0;
          size_t high = REMORA_ERROR_COUNT;
          while (low < high) {
              size_t middle = (low + high) / 2;
              if (remora_errors[middle].result < result) {
                  low = middle + 1;
              } else {
                  high = middle;
              }
          }
          return low < REMORA_ERROR_COUNT && remora_errors[low].result == result
                         ? &remora_errors[low]
                         : NULL;
      }
      """;

  private ErrorsFiles() {}

  /** Texts by file name. */
  public static Map<String, String> of() {
    List<EnumValueDescriptor> results =
        CUresult.getDescriptor().getValues().stream()
            .sorted(Comparator.comparingInt(EnumValueDescriptor::getNumber))
            .toList();
    return Map.of("remora_errors.h", header(results.size()), "remora_errors.c", source(results));
  }

  private static String header(int count) {
    CText text = CText.header("REMORA_ERRORS_H").include("<stddef.h>").line("");
    text.line("#define REMORA_ERROR_COUNT " + count + "u").line("");
    text.open("struct remora_error").comment("A CUresult.").line("int result;");
    text.comment("What cuGetErrorName and cuGetErrorString answer.");
    text.line("const char *name;").line("const char *string;").close(";").line("");
    text.comment("Sorted by result.");
    text.line("extern const struct remora_error remora_errors[REMORA_ERROR_COUNT];").line("");
    text.comment("NULL for a number that is no result of CUDA.");
    text.line("const struct remora_error *remora_find_error(int result);");
    return text.endHeader();
  }

  private static String source(List<EnumValueDescriptor> results) {
    CText text = CText.file().include("remora_errors.h").line("");
    text.open("const struct remora_error remora_errors[REMORA_ERROR_COUNT] =");
    for (EnumValueDescriptor each : results) {
      String words = each.getOptions().getExtension(OptionsProto.errorString);
      text.line("{" + each.getNumber() + ", \"" + each.getName() + "\",");
      text.line(" \"" + words.replace("\\", "\\\\").replace("\"", "\\\"") + "\"},");
    }
    return text.close(";").line("").toString() + FIND;
  }
}
