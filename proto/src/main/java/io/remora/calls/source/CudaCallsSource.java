// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source;

import io.remora.calls.AbiSymbol;
import io.remora.calls.CallEntry;
import io.remora.calls.CallParameter;
import io.remora.calls.CallTable;
import io.remora.v1.HandleKind;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The real driver's functions as JNA binds them directly, and the plain calls of the table carried
 * out by them. Events are not among them: the server's events are JCuda's.
 */
public final class CudaCallsSource {
  /** The driver that the server needs; of functions with several variants the newest up to it. */
  private static final int VERSION = 12040;

  /** Functions that the server's code by hand calls, beside the plain ones. */
  private static final List<String> BY_HAND =
      List.of(
          "cuGetErrorName",
          "cuGetExportTable",
          "cuMemAlloc",
          "cuMemFree",
          "cuMemHostAlloc",
          "cuMemFreeHost",
          "cuMemcpyHtoDAsync",
          "cuMemcpyDtoHAsync",
          "cuMemcpyDtoDAsync",
          "cuMemcpyAsync",
          "cuMemcpy2DAsync",
          "cuLaunchKernel",
          "cuLaunchCooperativeKernel",
          "cuModuleLoadDataEx",
          "cuModuleUnload",
          "cuModuleGetGlobal",
          "cuModuleGetFunctionCount",
          "cuModuleEnumerateFunctions",
          "cuFuncGetName",
          "cuFuncGetParamInfo",
          "cuFuncGetAttribute",
          "cuFuncLoad",
          "cuLinkCreate",
          "cuLinkAddData",
          "cuLinkComplete",
          "cuLinkDestroy");

  /** What C types are in Java, but for handles and addresses, which are longs. */
  private static final Map<String, String> TYPES =
      Map.ofEntries(
          Map.entry("int", "int"),
          Map.entry("unsigned int", "int"),
          Map.entry("unsigned short", "short"),
          Map.entry("unsigned char", "byte"),
          Map.entry("CUdevice", "int"),
          Map.entry("CUresult", "int"),
          Map.entry("CUfunc_cache", "int"),
          Map.entry("CUfunction_attribute", "int"),
          Map.entry("CUjitInputType", "int"),
          Map.entry("int*", "int[]"),
          Map.entry("unsigned int*", "int[]"),
          Map.entry("CUjit_option*", "int[]"),
          Map.entry("size_t*", "long[]"),
          Map.entry("float*", "float[]"),
          Map.entry("const char*", "byte[]"),
          Map.entry("const char**", "long[]"),
          Map.entry("const void**", "long[]"),
          Map.entry("const CUuuid*", "byte[]"),
          Map.entry("CUdeviceptr*", "long[]"),
          Map.entry("CUmodule*", "long[]"),
          Map.entry("CUfunction*", "long[]"),
          Map.entry("CUlinkState*", "long[]"));

  private CudaCallsSource() {}

  private static List<CallEntry> plain(CallTable table) {
    return DriverCallsSource.entries(table).stream()
        .filter(entry -> !entry.isOwn())
        .filter(
            entry ->
                entry.parameters().stream()
                    .noneMatch(
                        each ->
                            each.handle().map(rule -> rule.kind()).orElse(null)
                                == HandleKind.EVENT))
        .toList();
  }

  private static List<CallEntry> bound(CallTable table) {
    List<CallEntry> bound = new ArrayList<>(plain(table));
    for (String name : BY_HAND) {
      bound.add(
          table.entries().stream()
              .filter(entry -> entry.name().equals(name) && !entry.isOwn())
              .findFirst()
              .orElseThrow(() -> new IllegalStateException("the table has no " + name)));
    }
    return bound;
  }

  private static String symbol(CallEntry entry) {
    return entry.symbols().stream()
        .filter(each -> !each.perThreadStream() && each.since() <= VERSION)
        .max(Comparator.comparingInt(AbiSymbol::since))
        .map(AbiSymbol::symbol)
        .orElseThrow(
            () -> new IllegalStateException(entry.name() + " is newer than CUDA " + VERSION));
  }

  private static String type(CallParameter parameter) {
    return TYPES.getOrDefault(parameter.cType(), "long");
  }

  private static Stream<CallParameter> parameters(CallEntry entry) {
    return entry.parameters().stream().filter(CallParameter::isCParameter);
  }

  /** Text of the class with the native methods. */
  public static String natives(CallTable table, String packageName) {
    SourceText source = SourceText.file(packageName);
    source.line("/**");
    source.line(
        " * Functions of the driver by the names of their symbols. Handles and addresses are");
    source.line(" * longs, outputs arrays; JNA binds the methods to the library that was loaded.");
    source.line(" */");
    source.open("final class CudaCalls");
    source.line("private CudaCalls() {}");
    for (CallEntry entry : bound(table)) {
      source.line("");
      source.line(
          "static native int "
              + symbol(entry)
              + "("
              + parameters(entry)
                  .map(each -> type(each) + " " + each.javaName())
                  .collect(Collectors.joining(", "))
              + ");");
    }
    return source.close().toString();
  }

  /** Text of the class with the plain calls. */
  public static String plain(CallTable table, String packageName) {
    SourceText source =
        SourceText.file(
            packageName,
            "io.remora.server.driver.DriverCalls",
            "io.remora.server.driver.WorkObserver");
    source.line("/** The plain calls of the call table, but for those on events. */");
    source.open("abstract class PlainCalls implements DriverCalls");
    source.line(
        "/** Work for a stream, given the driver's own handle of it; answers a CUresult. */");
    source.line("@FunctionalInterface");
    source.open("interface StreamWork");
    source.line("int issue(long stream);").close();
    source.line("");
    source.line("/** A call that is carried out at once; answers a CUresult. */");
    source.line("@FunctionalInterface");
    source.open("interface Immediate");
    source.line("int call();").close();
    source.line("");
    source.line("abstract void put(long stream, StreamWork work, WorkObserver observer);");
    source.line("");
    source.line("abstract int now(Immediate call);");
    source.line("");
    source.line("/** The driver's own handle of a function. */");
    source.line("abstract long function(long handle);");
    plain(table).forEach(entry -> method(source, entry));
    return source.close().toString();
  }

  private static void method(SourceText source, CallEntry entry) {
    source.line("");
    source.line("@Override");
    String callee =
        "CudaCalls."
            + symbol(entry)
            + "("
            + parameters(entry).map(CudaCallsSource::argument).collect(Collectors.joining(", "))
            + ")";
    source.open(
        "public "
            + (entry.queued() ? "void " : "int ")
            + entry.methodName()
            + "("
            + DriverCallsSource.parameters(entry)
            + ")");
    if (entry.queued()) {
      source.line("put(hStream, stream -> " + callee + ", observer);");
    } else {
      source.line("return now(() -> " + callee + ");");
    }
    source.close();
  }

  private static String argument(CallParameter parameter) {
    HandleKind kind = parameter.handle().map(rule -> rule.kind()).orElse(null);
    if (kind == HandleKind.STREAM) {
      return "stream";
    }
    if (kind == HandleKind.FUNCTION) {
      return "function(" + parameter.javaName() + ")";
    }
    String type = type(parameter);
    return (type.equals("byte") || type.equals("short") ? "(" + type + ") " : "")
        + parameter.javaName();
  }
}
