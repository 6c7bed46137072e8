// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source;

import io.remora.calls.CallEntry;
import io.remora.calls.CallParameter;
import io.remora.calls.CallTable;
import io.remora.calls.WireType;
import io.remora.v1.Direction;
import io.remora.v1.Handling;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The plain calls as the driver sees them. */
public final class DriverCallsSource {
  private DriverCallsSource() {}

  static List<CallEntry> entries(CallTable table) {
    return table.onWire().stream()
        .filter(entry -> entry.handling() == Handling.PLAIN && entry.sameAs().isEmpty())
        .toList();
  }

  /** Text of {@code DriverCalls}. */
  public static String of(CallTable table, String packageName) {
    SourceText source =
        SourceText.file(packageName, "io.remora.v1.CUresult", "java.nio.ByteBuffer");
    source.line("/**");
    source.line(
        " * The plain calls of the call table. Handles are the driver's own; addresses and");
    source.line(
        " * values are checked. Outputs are arrays of length 1. Work on a stream returns at");
    source.line(" * once and tells its observer; other calls return the CUresult.");
    source.line(" */");
    source.open("public interface DriverCalls");
    for (CallEntry entry : entries(table)) {
      source.line("");
      source.line("/** " + HandlerSource.about(entry) + " */");
      String result = entry.queued() ? "void " : "int ";
      source.open("default " + result + entry.methodName() + "(" + parameters(entry) + ")");
      source.line(
          "throw new DriverException(CUresult.CUDA_ERROR_NOT_SUPPORTED_VALUE, \"this driver has no "
              + entry.title()
              + "\");");
      source.close();
    }
    return source.close().toString();
  }

  static String parameters(CallEntry entry) {
    Stream<String> own =
        entry.parameters().stream()
            .filter(each -> !each.clientOnly())
            .map(each -> type(each) + " " + each.javaName());
    Stream<String> observer = entry.queued() ? Stream.of("WorkObserver observer") : Stream.of();
    return Stream.concat(own, observer).collect(Collectors.joining(", "));
  }

  /** The parameter's type at the driver. */
  static String type(CallParameter parameter) {
    if (parameter.type() == WireType.BYTES) {
      return "ByteBuffer";
    }
    return parameter.javaType() + (parameter.direction() == Direction.OUT ? "[]" : "");
  }
}
