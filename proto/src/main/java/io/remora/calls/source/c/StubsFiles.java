// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source.c;

import io.remora.calls.AbiSymbol;
import io.remora.calls.CallEntry;
import io.remora.calls.CallParameter;
import io.remora.calls.CallTable;
import io.remora.calls.DriverSymbol;
import io.remora.calls.NotForwardedSymbol;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * {@code remora_stubs.c}: every exported function, the calls that follow from the table, and the
 * functions' addresses in the order of {@code remora_symbols}.
 */
public final class StubsFiles {
  private StubsFiles() {}

  /** Texts by file name. */
  public static Map<String, String> of(CallTable table) {
    return Map.of("remora_stubs.h", header(), "remora_stubs.c", source(table));
  }

  private static String header() {
    CText text = CText.header("REMORA_STUBS_H").include("remora_symbols.h").line("");
    text.comment("Any exported function; to be called by its own signature only.");
    text.line("typedef void (*remora_function)(void);").line("");
    text.comment("The function of remora_symbols[i] at i.");
    text.line("extern const remora_function remora_functions[REMORA_SYMBOL_COUNT];");
    return text.endHeader();
  }

  private static String source(CallTable table) {
    CText text = CText.file().include("remora_stubs.h").line("");
    text.include("call.h").include("remora_by_hand.h").include("remora_calls.h");
    text.include("remora_exports.h").include("trace.h");
    for (CallEntry entry : table.entries()) {
      StubBody.of(table, entry).ifPresent(body -> derived(text, entry, body));
      entry.symbols().forEach(symbol -> exported(text, entry, symbol));
    }
    text.line("").comment("Not forwarded. Their arguments are not looked at.");
    for (NotForwardedSymbol each : table.notForwarded()) {
      text.line("").line("REMORA_EXPORT CUresult " + each.symbol() + "(void);");
      text.line("CUresult " + each.symbol() + "(void)").openFunction();
      answer(text, each.symbol(), "NOT_FORWARDED", "CUDA_ERROR_NOT_SUPPORTED");
      text.close();
    }
    text.line("").open("const remora_function remora_functions[REMORA_SYMBOL_COUNT] =");
    DriverSymbol.of(table).forEach(each -> text.line("(remora_function)" + each.symbol() + ","));
    return text.close(";").toString();
  }

  private static void derived(CText text, CallEntry entry, StubBody body) {
    text.line("");
    text.list(
        "__attribute__((weak)) CUresult " + CFunction.implementation(entry),
        CFunction.implementationDeclarations(entry),
        "");
    text.openFunction();
    body.write(text);
    text.close();
  }

  private static void exported(CText text, CallEntry entry, AbiSymbol symbol) {
    text.line("").list("CUresult " + symbol.symbol(), CFunction.declarations(entry), "");
    text.openFunction();
    List<String> arguments = new ArrayList<>();
    if (CFunction.hasPerThread(entry)) {
      arguments.add(Boolean.toString(symbol.perThreadStream()));
    }
    CFunction.parameters(entry).stream().map(CallParameter::name).forEach(arguments::add);
    String call = CFunction.implementation(entry) + "(" + String.join(", ", arguments) + ")";
    answer(text, symbol.symbol(), entry.callClass().name(), call);
    text.close();
  }

  /** Returns a call's result; while calls are traced, what it cost goes into the trace. */
  private static void answer(CText text, String symbol, String traceClass, String call) {
    text.open("if (remora_tracing)");
    text.line("struct remora_trace_mark mark = remora_trace_enter();");
    List<String> arguments =
        List.of("&mark", '"' + symbol + '"', "REMORA_TRACE_" + traceClass, call);
    text.list("return remora_trace_leave", arguments, ";").close();
    text.line("return " + call + ";");
  }
}
