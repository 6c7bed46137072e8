// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source.c;

import io.remora.calls.AbiSymbol;
import io.remora.calls.CallEntry;
import io.remora.calls.CallTable;
import io.remora.calls.DriverSymbol;
import java.util.List;
import java.util.Map;

/**
 * {@code remora_exports.h} and {@code .map}: the symbols that the library exports; and {@code
 * remora_by_hand.h}: the functions behind them.
 */
public final class ExportsFiles {
  private ExportsFiles() {}

  /** Texts by file name. */
  public static Map<String, String> of(CallTable table) {
    return Map.of(
        "remora_exports.h", prototypes(table),
        "remora_exports.map", versionScript(table),
        "remora_by_hand.h", byHand(table));
  }

  private static String prototypes(CallTable table) {
    CText text = CText.header("REMORA_EXPORTS_H");
    text.comment(
        "The exported functions with their exact signatures, without those not forwarded.");
    text.line("/* A test declares them beside NVIDIA's own header. */");
    text.line("#ifndef REMORA_TYPES_OF_CUDA_H").include("cuda_types.h").line("#endif").line("");
    text.line("#define REMORA_EXPORT __attribute__((visibility(\"default\")))").line("");
    for (CallEntry entry : table.entries()) {
      for (AbiSymbol symbol : entry.symbols()) {
        text.list("REMORA_EXPORT CUresult " + symbol.symbol(), CFunction.declarations(entry), ";");
      }
    }
    return text.endHeader();
  }

  private static String versionScript(CallTable table) {
    CText text = CText.file().open("").line("global:");
    DriverSymbol.of(table).stream()
        .map(DriverSymbol::symbol)
        .sorted()
        .forEach(each -> text.line("    " + each + ";"));
    return text.line("local:").line("    *;").close(";").toString();
  }

  private static String byHand(CallTable table) {
    CText text = CText.header("REMORA_BY_HAND_H");
    text.include("<stdbool.h>").line("").include("cuda_types.h").line("");
    text.line("/*");
    text.line(" * One function for each entry of the table, whatever symbols it is exported by:");
    text.line(
        " * remora_stubs.c calls them. per_thread says that the program called the variant for");
    text.line(" * which stream 0 is the calling thread's own.");
    text.line(" */").line("");
    text.comment("To be written by hand: their meaning is more than the table says.");
    declare(text, table, false);
    text.line("");
    text.comment("Follow from the table: remora_stubs.c has them as weak symbols, so that one may");
    text.comment("be written by hand where the client has to know of the call.");
    declare(text, table, true);
    return text.endHeader();
  }

  private static void declare(CText text, CallTable table, boolean derived) {
    for (CallEntry entry : table.entries()) {
      if (!entry.isOwn() && StubBody.of(table, entry).isPresent() == derived) {
        List<String> declarations = CFunction.implementationDeclarations(entry);
        text.list("CUresult " + CFunction.implementation(entry), declarations, ";");
      }
    }
  }
}
