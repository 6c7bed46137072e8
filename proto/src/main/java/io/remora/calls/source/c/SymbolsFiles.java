// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source.c;

import io.remora.calls.CallTable;
import io.remora.calls.DriverSymbol;
import java.util.Map;

/** {@code remora_symbols.h} and {@code .c}: every exported symbol, and how it is found by name. */
public final class SymbolsFiles {
  private static final String FIND =
      """
      /* Where the entries with a name begin: the first whose name isn't before it. */
      static size_t first_of(const char *name)
      {
          size_t low = 0;
          size_t high = REMORA_SYMBOL_COUNT;
          while (low < high) {
              size_t middle = (low + high) / 2;
              if (strcmp(remora_symbols[middle].name, name) < 0) {
                  low = middle + 1;
              } else {
                  high = middle;
              }
          }
          return low;
      }

      enum remora_symbol_status remora_find_symbol(const char *name, int cuda_version,
                                                   bool per_thread, size_t *index)
      {
          enum remora_symbol_status status = REMORA_SYMBOL_NOT_FOUND;
          for (size_t i = first_of(name);
               i < REMORA_SYMBOL_COUNT && strcmp(remora_symbols[i].name, name) == 0; i++) {
              const struct remora_symbol *symbol = &remora_symbols[i];
              if (symbol->per_thread && !per_thread) {
                  break;
              }
              /* The entries of one name are in the order of preference, the best one last. */
              if ((int64_t)symbol->since <= cuda_version) {
                  *index = i;
                  status = REMORA_SYMBOL_FOUND;
              } else if (status == REMORA_SYMBOL_NOT_FOUND) {
                  status = REMORA_SYMBOL_VERSION_TOO_LOW;
              }
          }
          return status;
      }
      """;

  private SymbolsFiles() {}

  /** Texts by file name. */
  public static Map<String, String> of(CallTable table) {
    return Map.of("remora_symbols.h", header(table), "remora_symbols.c", source(table));
  }

  private static String header(CallTable table) {
    CText text = CText.header("REMORA_SYMBOLS_H");
    text.include("<stdbool.h>").include("<stddef.h>").include("<stdint.h>").line("");
    text.line("#define REMORA_SYMBOL_COUNT " + DriverSymbol.of(table).size() + "u").line("");
    text.comment("What becomes of a call.");
    text.open("enum remora_symbol_kind");
    text.comment("It travels.").line("REMORA_SYMBOL_FORWARDED,");
    text.comment("The client answers it.").line("REMORA_SYMBOL_LOCAL,");
    text.comment("It answers CUDA_ERROR_NOT_SUPPORTED.").line("REMORA_SYMBOL_NOT_SUPPORTED");
    text.close(";").line("");
    text.open("struct remora_symbol");
    text.comment("The documented name, without ABI version or stream variant.");
    text.line("const char *name;");
    text.comment("What the library exports.").line("const char *symbol;");
    text.comment("The CUDA version that introduced it, e.g. 3020.").line("uint32_t since;");
    text.line("enum remora_symbol_kind kind;");
    text.comment("Whether stream 0 means the calling thread's own stream in this variant.");
    text.line("bool per_thread;").close(";").line("");
    text.comment("Sorted by name, stream variant and version.");
    text.line("extern const struct remora_symbol remora_symbols[REMORA_SYMBOL_COUNT];").line("");
    text.comment("The values are those of CUdriverProcAddressQueryResult.");
    text.open("enum remora_symbol_status");
    text.line("REMORA_SYMBOL_FOUND = 0,").line("REMORA_SYMBOL_NOT_FOUND = 1,");
    text.line("REMORA_SYMBOL_VERSION_TOO_LOW = 2").close(";").line("");
    text.line("/*");
    text.line(
        " * The newest form of a documented name that CUDA had in a version. With per_thread the");
    text.line(
        " * variant for the thread's own stream, if that version had one, else the plain form, as");
    text.line(" * cuGetProcAddress does. Sets index only if found.");
    text.line(" */");
    text.line("enum remora_symbol_status remora_find_symbol(const char *name, int cuda_version,");
    text.line("                                             bool per_thread, size_t *index);");
    return text.endHeader();
  }

  private static String source(CallTable table) {
    CText text = CText.file().include("remora_symbols.h").line("").include("<string.h>").line("");
    text.open("const struct remora_symbol remora_symbols[REMORA_SYMBOL_COUNT] =");
    for (DriverSymbol each : DriverSymbol.of(table)) {
      text.line("{\"" + each.name() + "\", \"" + each.symbol() + "\",");
      text.line(
          " "
              + String.join(
                  ", ",
                  Integer.toString(each.since()),
                  "REMORA_SYMBOL_" + each.kind(),
                  Boolean.toString(each.perThreadStream()))
              + "},");
    }
    return text.close(";").line("").toString() + FIND;
  }
}
