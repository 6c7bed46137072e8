// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source;

import io.remora.calls.CallEntry;
import io.remora.calls.CallParameter;
import io.remora.calls.CallTable;
import io.remora.calls.HandleRule;
import io.remora.calls.WireType;
import io.remora.v1.Direction;
import io.remora.v1.HandleKind;
import io.remora.v1.Handling;
import java.util.List;
import java.util.stream.Collectors;

/** The server's decoder and dispatch of calls. */
public final class DispatcherSource {
  private final CallTable table;
  private final SourceText source;

  private DispatcherSource(CallTable table, SourceText source) {
    this.table = table;
    this.source = source;
  }

  /** Text of {@code CallDispatcher}. */
  public static String of(CallTable table, String packageName) {
    SourceText source =
        SourceText.file(
            packageName,
            "io.remora.server.driver.Domain",
            "io.remora.server.driver.DriverException",
            "io.remora.server.session.CallContext",
            "io.remora.server.session.CallException",
            "io.remora.v1.HandleKind",
            "io.remora.wire.Payload",
            "io.remora.wire.Repeated",
            "io.remora.wire.WireReader",
            "java.nio.ByteBuffer",
            "java.util.ArrayList",
            "java.util.List");
    return new DispatcherSource(table, source).write();
  }

  private String write() {
    source.line("/**");
    source.line(
        " * Decodes calls, checks them against the table, and carries them out: plain calls at");
    source.line(" * the driver, the others at the handler. Safe for any thread.");
    source.line(" */");
    source.open("public final class CallDispatcher");
    source.line("private final CallHandler handler;").line("");
    source.open("public CallDispatcher(CallHandler handler)");
    source.line("this.handler = handler;").close().line("");
    dispatch();
    for (CallEntry entry : table.onWire()) {
      source.line("");
      source.open("private void " + entry.methodName() + "(WireReader in, CallContext call)");
      Codec.read(source, entry.inputs());
      entry.inputs().forEach(parameter -> limits(entry, parameter));
      if (entry.handling() == Handling.PLAIN) {
        plain(entry);
      } else {
        source.line("handler." + target(entry).methodName() + "(" + handlerArguments(entry) + ");");
      }
      source.close();
    }
    return source.close().toString();
  }

  private void dispatch() {
    source.line("/**");
    source.line(" * Carries out one call. A failure is told to the call, never thrown.");
    source.line(" *");
    source.line(" * @param in the call's arguments, and nothing after them");
    source.line(" * @return false if the table has no such number; nothing was read then");
    source.line(" * @throws io.remora.wire.WireException if the arguments are malformed");
    source.line(" */");
    source.open("public boolean dispatch(int number, WireReader in, CallContext call)");
    source.open("try");
    source.open("switch (number)");
    for (CallEntry entry : table.onWire()) {
      source.line("case " + entry.number() + " -> " + entry.methodName() + "(in, call);");
    }
    source.open("default ->").line("return false;").close();
    source.close();
    source.close(" catch (CallException failure) {");
    source.line("  call.fail(failure.result(), failure.detail());");
    source.line("} catch (DriverException failure) {");
    source.line("  call.fail(failure.result(), failure.detail());");
    source.line("}");
    source.line("return true;");
    source.close();
  }

  private void limits(CallEntry entry, CallParameter parameter) {
    String name = parameter.javaName();
    String value =
        parameter.type() == WireType.INT && parameter.unsigned()
            ? "(" + name + " & 0xffffffffL)"
            : name;
    boolean compareUnsigned = parameter.type() == WireType.LONG && parameter.unsigned();
    parameter
        .min()
        .ifPresent(
            min -> limit(entry, parameter, below(value, min, compareUnsigned), "less than " + min));
    parameter
        .max()
        .ifPresent(
            max ->
                limit(
                    entry,
                    parameter,
                    below(max + "L", value, compareUnsigned),
                    "more than " + max));
    parameter
        .mask()
        .ifPresent(
            mask ->
                limit(
                    entry,
                    parameter,
                    "(" + value + " & ~0x" + Long.toHexString(mask) + "L) != 0",
                    "none of the flags 0x" + Long.toHexString(mask)));
  }

  private static String below(Object left, Object right, boolean unsigned) {
    String bound = right instanceof Long ? right + "L" : right.toString();
    return unsigned
        ? "Long.compareUnsigned(" + left + ", " + bound + ") < 0"
        : left + " < " + bound;
  }

  private void limit(CallEntry entry, CallParameter parameter, String wrong, String problem) {
    source.open("if (" + wrong + ")");
    source.line(
        "throw CallException.invalidValue(\""
            + entry.title()
            + ": "
            + parameter.name()
            + " is "
            + problem
            + "\");");
    source.close();
  }

  private CallEntry target(CallEntry entry) {
    return entry.sameAs().isEmpty() ? entry : table.byMessageName(entry.sameAs()).orElseThrow();
  }

  private String handlerArguments(CallEntry entry) {
    String inputs =
        target(entry).inputs().stream()
            .map(each -> isOwn(entry, each) ? each.javaName() : zero(each))
            .collect(Collectors.joining(", "));
    return inputs.isEmpty() ? "call" : "call, " + inputs;
  }

  private void plain(CallEntry entry) {
    boolean measured = false;
    for (CallParameter parameter : entry.inputs()) {
      if (parameter.devicePointer() && !parameter.length().isEmpty()) {
        source.line((measured ? "bytes += " : "long bytes = ") + range(parameter) + ";");
        measured = true;
      }
      boolean isStream = parameter.handle().map(HandleRule::kind).orElse(null) == HandleKind.STREAM;
      if (parameter.handle().isPresent() && !(entry.queued() && isStream)) {
        source.line("long " + driverName(parameter) + " = " + lookUp(parameter) + ";");
      }
    }
    if (entry.queued()) {
      submit(entry, measured ? "bytes" : "0");
    } else {
      call(entry);
    }
  }

  private static String range(CallParameter parameter) {
    CallParameter row = parameter;
    return row.rows().isEmpty()
        ? "call.checkRange("
            + row.javaName()
            + ", "
            + javaName(row.length())
            + ", "
            + row.unitBytes()
            + ")"
        : "call.checkRows("
            + String.join(
                ", ",
                row.javaName(),
                javaName(row.pitch()),
                javaName(row.length()),
                Integer.toString(row.unitBytes()),
                javaName(row.rows()))
            + ")";
  }

  private static String javaName(String field) {
    var words = field.split("_");
    var name = new StringBuilder(words[0]);
    for (int i = 1; i < words.length; i++) {
      name.append(words[i].substring(0, 1).toUpperCase(java.util.Locale.ROOT))
          .append(words[i].substring(1));
    }
    return name.toString();
  }

  private static String driverName(CallParameter parameter) {
    return parameter.javaName() + "AtDriver";
  }

  private static String lookUp(CallParameter parameter) {
    HandleRule rule = parameter.handle().orElseThrow();
    String found =
        "call.driverHandle(HandleKind." + rule.kind() + ", " + parameter.javaName() + ")";
    return rule.zero() ? parameter.javaName() + " == 0 ? 0 : " + found : found;
  }

  private void submit(CallEntry entry, String bytes) {
    CallEntry target = target(entry);
    // Locals that the lambda captures must never be assigned again.
    List<CallParameter> captured =
        target.inputs().stream()
            .filter(each -> entry.parameter(each.name()).isPresent())
            .filter(each -> each.handle().isEmpty())
            .toList();
    for (CallParameter each : captured) {
      source.line(
          "final " + each.javaType() + " " + each.javaName() + "Now = " + each.javaName() + ";");
    }
    String stream = entry.stream().map(CallParameter::javaName).orElse("0L");
    CallParameter streamField = target.stream().orElse(null);
    String arguments =
        target.inputs().stream()
            .map(each -> each.equals(streamField) ? "stream" : queuedArgument(entry, each))
            .collect(Collectors.joining(", "));
    source.line(
        "call.submit("
            + stream
            + ", "
            + bytes
            + ", (domain, stream, observer) -> domain."
            + target.methodName()
            + "("
            + arguments
            + ", observer));");
  }

  private static boolean isOwn(CallEntry entry, CallParameter parameter) {
    return entry.parameter(parameter.name()).isPresent();
  }

  /** The value of a field that an entry lacks and the one it is the same as has. */
  private static String zero(CallParameter parameter) {
    return parameter.type() == WireType.LONG ? "0L" : "0";
  }

  private static String queuedArgument(CallEntry entry, CallParameter parameter) {
    if (!isOwn(entry, parameter)) {
      return zero(parameter);
    }
    return parameter.handle().isPresent()
        ? driverName(parameter)
        : driverValue(parameter, parameter.javaName() + "Now");
  }

  private static String driverValue(CallParameter parameter, String name) {
    return parameter.type() == WireType.BYTES ? "ByteBuffer.wrap(" + name + ")" : name;
  }

  private void call(CallEntry entry) {
    CallEntry target = target(entry);
    for (CallParameter output : entry.outputs()) {
      source.line(
          output.javaType() + "[] " + output.javaName() + " = new " + output.javaType() + "[1];");
    }
    String arguments =
        target.parameters().stream()
            .filter(each -> !each.clientOnly())
            .map(each -> isOwn(entry, each) ? argument(each) : zero(each))
            .collect(Collectors.joining(", "));
    source.line("Domain domain = " + domain(entry) + ";");
    source.line("int result = domain." + target.methodName() + "(" + arguments + ");");
    source.open("if (result != 0)").line("call.fail(result, \"\");").line("return;").close();
    if (entry.outputs().isEmpty()) {
      source.line("call.succeed();");
    } else {
      String values =
          entry.outputs().stream()
              .map(output -> output.javaName() + "[0]")
              .collect(Collectors.joining(", "));
      source.line("Answers." + entry.methodName() + "(call, " + values + ");");
    }
  }

  private static String domain(CallEntry entry) {
    return entry.inputs().stream()
        .filter(each -> each.handle().isPresent() && !each.handle().get().zero())
        .findFirst()
        .map(
            each ->
                "call.domainOf(HandleKind."
                    + each.handle().orElseThrow().kind()
                    + ", "
                    + each.javaName()
                    + ")")
        .orElse("call.domain()");
  }

  private static String argument(CallParameter parameter) {
    if (parameter.direction() == Direction.OUT) {
      return parameter.javaName();
    }
    return parameter.handle().isPresent()
        ? driverName(parameter)
        : driverValue(parameter, parameter.javaName());
  }
}
