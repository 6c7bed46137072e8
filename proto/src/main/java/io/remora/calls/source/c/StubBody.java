// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source.c;

import io.remora.calls.CallEntry;
import io.remora.calls.CallParameter;
import io.remora.calls.CallTable;
import io.remora.calls.HandleRule;
import io.remora.calls.WireType;
import io.remora.v1.CallClass;
import io.remora.v1.Direction;
import io.remora.v1.HandleKind;
import io.remora.v1.HandleUse;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The body of a function that follows from the table alone: handles and numbers in, handles and
 * numbers out. A call that needs more than that has none, and is written by hand.
 */
final class StubBody {
  private static final String INVALID_VALUE = "CUDA_ERROR_INVALID_VALUE";
  private static final String INVALID_HANDLE = "CUDA_ERROR_INVALID_HANDLE";

  private final CallEntry entry;

  /** The entry to use for the calling thread's own stream, where this one names no stream. */
  private final Optional<CallEntry> withStream;

  /** Input field to the expression for its value. */
  private final Map<String, String> inputs = new LinkedHashMap<>();

  /** Pointers that must not be null, to the error. */
  private final Map<String, String> required = new LinkedHashMap<>();

  /** Handles that a hook of call.h translates: the local's name to the hook's call. */
  private final Map<String, String> translated = new LinkedHashMap<>();

  /** Fields whose handles the client chooses. */
  private final List<CallParameter> created = new ArrayList<>();

  private StubBody(CallEntry entry, Optional<CallEntry> withStream) {
    this.entry = entry;
    this.withStream = withStream;
  }

  /** The body, if there is one. */
  static Optional<StubBody> of(CallTable table, CallEntry entry) {
    if (!entry.isOnWire() || entry.isOwn()) {
      return Optional.empty();
    }
    boolean lacksStream = CFunction.hasPerThread(entry) && entry.stream().isEmpty();
    Optional<CallEntry> withStream =
        lacksStream
            ? table.byMessageName(entry.sameAs()).filter(each -> each.stream().isPresent())
            : Optional.empty();
    if (lacksStream && withStream.isEmpty()) {
      return Optional.empty();
    }
    StubBody body = new StubBody(entry, withStream);
    boolean understood = CFunction.parameters(entry).stream().allMatch(body::add);
    boolean complete =
        entry.inputs().stream().allMatch(each -> body.inputs.containsKey(each.name()))
            && entry.outputs().stream().allMatch(CallParameter::isCParameter);
    return understood && complete ? Optional.of(body) : Optional.empty();
  }

  private boolean add(CallParameter parameter) {
    if (parameter.clientOnly() || parameter.repeated()) {
      return false;
    }
    if (parameter.handle().isPresent()) {
      return addHandle(parameter, parameter.handle().get());
    }
    return switch (parameter.direction()) {
      case IN -> addInput(parameter);
      case OUT -> addOutput(parameter);
      case INOUT, UNRECOGNIZED -> false;
    };
  }

  private boolean addHandle(CallParameter parameter, HandleRule rule) {
    String name = parameter.name();
    if (parameter.direction() != Direction.IN) {
      return false;
    }
    if (rule.kind() == HandleKind.CONTEXT) {
      translated.put(name, "remora_context(" + name + ", &" + name + "_handle)");
      inputs.put(name, name + "_handle");
      return rule.use() == HandleUse.USES;
    }
    if (rule.use() == HandleUse.CREATES) {
      required.put(name, INVALID_VALUE);
      created.add(parameter);
      inputs.put(name, name + "_handle");
      return true;
    }
    if (rule.kind() == HandleKind.STREAM && rule.zero()) {
      String perThread = CFunction.hasPerThread(entry) ? "per_thread" : "false";
      translated.put(name, "remora_stream(" + name + ", " + perThread + ", &" + name + "_handle)");
      inputs.put(name, name + "_handle");
      return true;
    }
    if (!rule.zero()) {
      required.put(name, INVALID_HANDLE);
    }
    inputs.put(name, "(uint64_t)(uintptr_t)" + name);
    return true;
  }

  private boolean addInput(CallParameter parameter) {
    String name = parameter.name();
    if (parameter.type() == WireType.STRING && parameter.cType().equals("const char*")) {
      required.put(name, INVALID_VALUE);
      inputs.put(name, name);
      return true;
    }
    boolean number = parameter.type() == WireType.LONG || parameter.type() == WireType.INT;
    inputs.put(name, number ? "(" + CCodec.number(parameter) + ")" + name : name);
    return number && !parameter.cType().contains("*");
  }

  private boolean addOutput(CallParameter parameter) {
    if (!parameter.nullable()) {
      required.put(parameter.name(), INVALID_VALUE);
    }
    boolean number =
        switch (parameter.type()) {
          case LONG, INT, FLOAT -> true;
          case BOOLEAN, STRING, BYTES, PAYLOAD, MESSAGE -> false;
        };
    return number && !parameter.cType().startsWith("void");
  }

  /** Writes the statements. */
  void write(CText text) {
    withStream.ifPresent(target -> passOn(text, target));
    required.forEach((name, error) -> returnIf(text, name + " == NULL", error));
    boolean waits = entry.callClass() == CallClass.SYNC;
    text.line("struct remora_call call = {.number = " + CallsFiles.constant(entry) + "};");
    text.line("CUresult result;");
    translated.forEach(
        (name, hook) -> {
          text.line("uint64_t " + name + "_handle;");
          text.line("result = " + hook + ";");
          returnOnFailure(text);
        });
    created.forEach(
        each -> text.line("uint64_t " + each.name() + "_handle = " + newHandle() + ";"));
    text.line("result = remora_call_begin(&call);");
    returnOnFailure(text);
    List<String> arguments = new ArrayList<>(List.of("call.arguments"));
    entry.inputs().forEach(each -> arguments.add(Objects.requireNonNull(inputs.get(each.name()))));
    text.list("remora_encode_" + entry.methodName(), arguments, ";");
    if (waits) {
      text.line("result = remora_call_sync(&call);");
      returnOnFailure(text);
      decode(text);
    } else {
      text.line("result = remora_call_async(&call);");
    }
    if (!created.isEmpty() || !entry.outputs().isEmpty()) {
      returnOnFailure(text);
    }
    entry.outputs().forEach(each -> store(text, each, "_value"));
    created.forEach(each -> store(text, each, "_handle"));
    text.line("return result;");
  }

  /** What is made of another object is made where that is. */
  private String newHandle() {
    return entry.inputs().stream()
        .filter(each -> each.handle().map(rule -> rule.use() == HandleUse.USES).orElse(false))
        .filter(each -> !translated.containsKey(each.name()))
        .findFirst()
        .map(each -> "remora_new_handle_near(" + inputs.get(each.name()) + ")")
        .orElse("remora_new_handle()");
  }

  /** Without a stream there is no way to say whose it is: the other form says it. */
  private void passOn(CText text, CallEntry target) {
    List<String> arguments = new ArrayList<>(List.of("true"));
    for (CallParameter each : CFunction.parameters(target)) {
      arguments.add(entry.parameter(each.name()).isPresent() ? each.name() : "NULL");
    }
    text.open("if (per_thread)");
    text.list("return " + CFunction.implementation(target), arguments, ";");
    text.close();
  }

  private void decode(CText text) {
    if (entry.outputs().isEmpty()) {
      text.line("result = remora_call_end(&call, true);");
      return;
    }
    List<String> arguments = new ArrayList<>(List.of("&call.outputs"));
    for (CallParameter each : entry.outputs()) {
      text.line(CCodec.local(each));
      arguments.add("&" + each.name() + "_value");
    }
    text.list("bool well_formed = remora_decode_" + entry.methodName(), arguments, ";");
    text.line("result = remora_call_end(&call, well_formed);");
  }

  private static void store(CText text, CallParameter parameter, String suffix) {
    String name = parameter.name();
    String type = parameter.cType().substring(0, parameter.cType().length() - 1);
    String cast = parameter.handle().isPresent() ? "(" + type + ")(uintptr_t)" : "(" + type + ")";
    String statement = "*" + name + " = " + cast + name + suffix + ";";
    if (parameter.nullable()) {
      text.open("if (" + name + " != NULL)").line(statement).close();
    } else {
      text.line(statement);
    }
  }

  private static void returnOnFailure(CText text) {
    returnIf(text, "result != CUDA_SUCCESS", "result");
  }

  private static void returnIf(CText text, String condition, String value) {
    text.open("if (" + condition + ")").line("return " + value + ";").close();
  }
}
