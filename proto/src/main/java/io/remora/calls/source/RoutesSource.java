// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source;

import io.remora.calls.CallEntry;
import io.remora.calls.CallTable;
import io.remora.calls.RouteField;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Which fields of a call say which of several servers it is for. */
public final class RoutesSource {
  private RoutesSource() {}

  /** Text of {@code Routes}. */
  public static String of(CallTable table, String packageName) {
    SourceText source = SourceText.file(packageName);
    source.line("/** Which fields of a call say which of several servers it is for. */");
    source.open("public final class Routes");
    for (RouteField.Kind kind : RouteField.Kind.values()) {
      source.line("public static final int " + kind + " = " + kind.ordinal() + ";");
    }
    source.line("");
    source.line(
        "/** So many bits of a field in a route say what it names; the others its number. */");
    source.line("public static final int KIND_BITS = 3;").line("");
    Map<String, List<CallEntry>> routes = new LinkedHashMap<>();
    for (CallEntry entry : table.onWire()) {
      routes.computeIfAbsent(route(entry), unused -> new ArrayList<>()).add(entry);
    }
    int count = 0;
    Map<String, String> names = new LinkedHashMap<>();
    for (String route : routes.keySet()) {
      names.put(route, "ROUTE_" + count++);
      source.line("private static final int[] " + names.get(route) + " = {" + route + "};");
    }
    source.line("private static final int[] NONE = {};").line("");
    source.line("private Routes() {}").line("");
    source.line("/** The fields of a call that say where it goes, those that count more first. */");
    source.open("public static int[] of(int number)");
    source.open("return switch (number)");
    routes.forEach(
        (route, entries) -> {
          List<String> numbers =
              entries.stream().map(each -> "Calls." + each.constantName()).toList();
          source.line("case " + String.join(", ", numbers) + " -> " + names.get(route) + ";");
        });
    source.line("default -> NONE;");
    return source.close(";").close().close().toString();
  }

  private static String route(CallEntry entry) {
    List<String> fields = new ArrayList<>();
    for (RouteField each : RouteField.of(entry)) {
      fields.add(each.parameter().number() + " << KIND_BITS | " + each.kind());
    }
    return String.join(", ", fields);
  }
}
