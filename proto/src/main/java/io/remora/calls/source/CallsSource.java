// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source;

import io.remora.calls.CallEntry;
import io.remora.calls.CallTable;
import io.remora.v1.CallClass;
import java.util.HexFormat;

/** What both ends know of calls without reading descriptors: numbers, names and classes. */
public final class CallsSource {
  private CallsSource() {}

  /** Text of {@code Calls}. */
  public static String of(CallTable table, String packageName) {
    SourceText source = SourceText.file(packageName, "java.util.HexFormat");
    source.line("/** Numbers, names and classes of the calls that travel. */");
    source.open("public final class Calls");
    for (CallEntry entry : table.onWire()) {
      source.line("/** " + HandlerSource.about(entry) + " */");
      source.line("public static final int " + entry.constantName() + " = " + entry.number() + ";");
    }
    source.line("").line("private Calls() {}").line("");
    name(table, source);
    waits(table, source);
    source.line("/** Hello.table_hash and Welcome.table_hash of this build. */");
    bytes(source, "tableHash", table.hash());
    source.line("").line("/** Hello.supported_calls and Welcome.supported_calls of this build. */");
    bytes(source, "supportedCalls", table.supportedCalls());
    return source.close().toString();
  }

  private static void name(CallTable table, SourceText source) {
    source.line("/** The C name, or a description for a number that the table doesn't have. */");
    source.open("public static String name(int number)");
    source.open("return switch (number)");
    for (CallEntry entry : table.onWire()) {
      source.line("case " + entry.number() + " -> \"" + entry.title() + "\";");
    }
    source.line("default -> \"call \" + number;");
    source.close(";").close().line("");
  }

  private static void waits(CallTable table, SourceText source) {
    source.line("/** Whether the call has an answer: its class is SYNC. */");
    source.open("public static boolean isSync(int number)");
    source.open("return switch (number)");
    String numbers =
        table.onWire().stream()
            .filter(entry -> entry.callClass() == CallClass.SYNC)
            .map(entry -> Integer.toString(entry.number()))
            .collect(java.util.stream.Collectors.joining(", "));
    source.line("case " + numbers + " -> true;");
    source.line("default -> false;");
    source.close(";").close().line("");
  }

  private static void bytes(SourceText source, String name, byte[] bytes) {
    source.open("public static byte[] " + name + "()");
    source.line("return HexFormat.of().parseHex(\"" + HexFormat.of().formatHex(bytes) + "\");");
    source.close();
  }
}
