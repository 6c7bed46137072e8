// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source;

import io.remora.calls.CallEntry;
import io.remora.calls.CallParameter;
import io.remora.calls.CallTable;
import java.util.List;
import java.util.stream.Collectors;

/** The client's decoders of answers. */
public final class OutputsSource {
  private OutputsSource() {}

  /** Text of {@code Outputs}. */
  public static String of(CallTable table, String packageName) {
    SourceText source =
        SourceText.file(
            packageName,
            "io.remora.wire.Payload",
            "io.remora.wire.Repeated",
            "io.remora.wire.WireReader",
            "java.util.ArrayList",
            "java.util.List");
    source.line("/** Decodes Answer.outputs: one value as itself, several as a record. */");
    source.open("public final class Outputs");
    source.line("private Outputs() {}");
    for (CallEntry entry : table.onWire()) {
      List<CallParameter> outputs = entry.outputs();
      if (outputs.isEmpty()) {
        continue;
      }
      boolean single = outputs.size() == 1;
      String type = single ? outputs.get(0).javaType() : entry.messageName();
      if (!single) {
        String components =
            outputs.stream().map(HandlerSource::declaration).collect(Collectors.joining(", "));
        source.line("").line("/** " + HandlerSource.about(entry) + " */");
        source.line("public record " + type + "(" + components + ") {}");
      }
      source.line("").line("/** " + HandlerSource.about(entry) + " */");
      source.open("public static " + type + " " + entry.methodName() + "(WireReader in)");
      Codec.read(source, outputs);
      String values =
          outputs.stream().map(CallParameter::javaName).collect(Collectors.joining(", "));
      source.line("return " + (single ? values : "new " + type + "(" + values + ")") + ";");
      source.close();
    }
    return source.close().toString();
  }
}
