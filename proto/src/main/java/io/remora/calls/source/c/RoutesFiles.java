// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source.c;

import io.remora.calls.CallEntry;
import io.remora.calls.CallParameter;
import io.remora.calls.CallTable;
import io.remora.calls.WireType;
import io.remora.v1.HandleKind;
import io.remora.v1.Route;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code remora_routes.h} and {@code .c}: which fields of a call say which of several servers it is
 * for.
 */
public final class RoutesFiles {
  /** In the order in which they count. */
  private enum Kind {
    STREAM,
    OBJECT,
    CONTEXT,
    POOL,
    DEVICE,
    ADDRESS
  }

  private record Field(CallParameter parameter, Kind kind) {}

  private RoutesFiles() {}

  /** Texts by file name. */
  public static Map<String, String> of(CallTable table) {
    return Map.of("remora_routes.h", header(table), "remora_routes.c", source(table));
  }

  private static String header(CallTable table) {
    int most = table.onWire().stream().mapToInt(each -> fields(each).size()).max().orElse(0);
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
      List<Field> fields = fields(entry);
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

  private static List<Field> fields(CallEntry entry) {
    List<Field> fields = new ArrayList<>();
    for (CallParameter each : entry.inputs()) {
      kind(each).ifPresent(kind -> fields.add(new Field(each, kind)));
    }
    fields.sort(Comparator.comparing(Field::kind));
    return fields;
  }

  private static Optional<Kind> kind(CallParameter parameter) {
    String type = parameter.cType();
    if (parameter.repeated()
        || (parameter.type() != WireType.LONG && parameter.type() != WireType.INT)) {
      return Optional.empty();
    }
    if (parameter.handle().isPresent()) {
      HandleKind kind = parameter.handle().get().kind();
      return Optional.of(
          switch (kind) {
            case STREAM -> parameter.handle().get().zero() ? Kind.STREAM : Kind.OBJECT;
            case CONTEXT -> Kind.CONTEXT;
            case MEMORY_POOL -> Kind.POOL;
            default -> Kind.OBJECT;
          });
    }
    if (parameter.devicePointer() || type.equals("CUdeviceptr") || type.equals("CUarray")) {
      return Optional.of(Kind.ADDRESS);
    }
    if (type.equals("CUdevice") || parameter.route() == Route.ROUTE_DEVICE) {
      return Optional.of(Kind.DEVICE);
    }
    boolean object =
        type.startsWith("CUmemGenericAllocationHandle") || parameter.route() == Route.ROUTE_OBJECT;
    return object ? Optional.of(Kind.OBJECT) : Optional.empty();
  }
}
