// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source;

import io.remora.calls.CallEntry;
import io.remora.calls.CallParameter;
import io.remora.calls.CallTable;
import io.remora.v1.Handling;
import java.util.List;
import java.util.stream.Collectors;

/** The server's interface to the calls whose meaning is written by hand. */
public final class HandlerSource {
  private HandlerSource() {}

  /** The entries that need a method: those with {@code same_as} share their target's. */
  static List<CallEntry> entries(CallTable table) {
    return table.onWire().stream()
        .filter(entry -> entry.handling() == Handling.BY_HAND && entry.sameAs().isEmpty())
        .toList();
  }

  /** Text of {@code CallHandler}. */
  public static String of(CallTable table, String packageName) {
    SourceText source =
        SourceText.file(
            packageName,
            "io.remora.server.session.CallContext",
            "io.remora.wire.Payload",
            "java.util.List");
    source.line("/**");
    source.line(
        " * The calls whose meaning the table can't express. Arguments are decoded and within");
    source.line(
        " * the table's limits; handles and addresses are the client's, unchecked. A method");
    source.line(" * may throw CallException or DriverException: the call then fails with it.");
    source.line(" * Payloads are valid until the method returns.");
    source.line(" */");
    source.open("public interface CallHandler");
    for (CallEntry entry : entries(table)) {
      source.line("");
      source.line("/** " + about(entry) + " */");
      source.line("void " + entry.methodName() + "(" + parameters(entry) + ");");
    }
    return source.close().toString();
  }

  /** One sentence on an entry, for Javadoc. */
  static String about(CallEntry entry) {
    String name =
        entry.isOwn() ? "Remora's own " + entry.messageName() : "{@code " + entry.name() + "}";
    return name + " (" + entry.number() + ", " + entry.callClass() + ").";
  }

  private static String parameters(CallEntry entry) {
    String inputs =
        entry.inputs().stream().map(HandlerSource::declaration).collect(Collectors.joining(", "));
    return inputs.isEmpty() ? "CallContext call" : "CallContext call, " + inputs;
  }

  static String declaration(CallParameter parameter) {
    return parameter.javaType() + " " + parameter.javaName();
  }
}
