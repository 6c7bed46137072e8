// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source.c;

import io.remora.calls.CallEntry;
import io.remora.calls.CallTable;
import io.remora.calls.RouteField;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * {@code remora_routes.h} and {@code .c}: which fields of a call say which of several servers it is
 * for.
 */
public final class RoutesFiles {
  private RoutesFiles() {}

  /** Texts by file name. */
  public static Map<String, String> of(CallTable table) {
    return Map.of("remora_routes.h", header(table), "remora_routes.c", source(table));
  }

  private static String header(CallTable table) {
    int most = table.onWire().stream().mapToInt(each -> RouteField.of(each).size()).max().orElse(0);
    CText text = CText.header("REMORA_ROUTES_H").include("remora_calls.h").line("");
    text.comment("What a field names.");
    text.open("enum remora_route_kind");
    text.comment("A stream, or by 0 the legacy stream of the call's context.");
    text.line("REMORA_ROUTE_STREAM = 1,");
    text.line("REMORA_ROUTE_OBJECT,").line("REMORA_ROUTE_CONTEXT,").line("REMORA_ROUTE_POOL,");
    text.line("REMORA_ROUTE_DEVICE,").line("REMORA_ROUTE_ADDRESS").close(";").line("");
    text.open("struct remora_route_field");
    text.comment("Its number in the call's message, and in an enum remora_route_kind what it is.");
    text.line("uint8_t number;").line("uint8_t kind;").close(";").line("");
    text.line("#define REMORA_ROUTE_FIELDS_MAX " + most).line("");
    text.open("struct remora_route").line("uint32_t number;").line("uint32_t count;");
    text.comment("Those that count more are first.");
    text.line("struct remora_route_field fields[REMORA_ROUTE_FIELDS_MAX];").close(";").line("");
    text.comment("The fields of a call that say where it goes; NULL if none does.");
    text.line("const struct remora_route *remora_route_of(uint32_t number);");
    return text.endHeader();
  }

  private static String source(CallTable table) {
    CText text = CText.file().include("remora_routes.h").line("");
    text.open("static const struct remora_route routes[] =");
    for (CallEntry entry : table.onWire()) {
      List<RouteField> fields = RouteField.of(entry);
      if (!fields.isEmpty()) {
        List<String> parts = new ArrayList<>();
        fields.forEach(
            each ->
                parts.add("{" + each.parameter().number() + ", REMORA_ROUTE_" + each.kind() + "}"));
        text.line("{" + CallsFiles.constant(entry) + ", " + fields.size() + ",");
        text.line(" {" + String.join(", ", parts) + "}},");
      }
    }
    text.close(";").line("");
    text.line("const struct remora_route *remora_route_of(uint32_t number)").openFunction();
    text.line("size_t low = 0;").line("size_t high = sizeof routes / sizeof routes[0];");
    text.open("while (low < high)").line("size_t middle = (low + high) / 2;");
    text.open("if (routes[middle].number == number)").line("return &routes[middle];").close();
    text.open("if (routes[middle].number < number)").line("low = middle + 1;");
    text.close(" else {").line("    high = middle;").line("}");
    text.close().line("return NULL;").close();
    return text.toString();
  }
}
