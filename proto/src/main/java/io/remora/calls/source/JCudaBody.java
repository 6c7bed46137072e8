// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source;

import io.remora.calls.CallEntry;
import io.remora.calls.CallParameter;
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
 * The body of a JCuda method that follows from the table alone: handles and numbers in, handles and
 * numbers out. A call that needs more than that has none, and is written by hand.
 */
final class JCudaBody {
  private static final String POINTER_OBJECT = "jcuda.NativePointerObject";
  private static final String POINTER = "jcuda.Pointer";
  private static final String DEVICE_POINTER = "jcuda.driver.CUdeviceptr";
  private static final String DEVICE = "jcuda.driver.CUdevice";

  private final CallEntry entry;

  /** Of the parameters in Java. */
  private final List<String> names;

  /** Input field to the expression for its value. */
  private final Map<String, String> inputs = new LinkedHashMap<>();

  /** Statements that refuse the call. */
  private final List<String> checks = new ArrayList<>();

  /** Statements that choose handles. */
  private final List<String> creations = new ArrayList<>();

  /** Statements for outputs, with the output's value as {@code %s}. */
  private final Map<String, String> outputs = new LinkedHashMap<>();

  private JCudaBody(CallEntry entry, List<String> names) {
    this.entry = entry;
    this.names = names;
  }

  /** The body, if there is one. */
  static Optional<JCudaBody> of(JCudaSignature signature) {
    if (signature.entry().isEmpty() || !signature.entry().get().isOnWire()) {
      return Optional.empty();
    }
    CallEntry entry = signature.entry().get();
    List<CallParameter> parameters = JCudaSignature.cParameters(entry);
    JCudaBody body = new JCudaBody(entry, signature.names());
    for (int i = 0; i < parameters.size(); i++) {
      CallParameter parameter = parameters.get(i);
      boolean understood =
          !parameter.clientOnly()
              && !parameter.repeated()
              && body.add(parameter, signature.types().get(i), signature.names().get(i));
      if (!understood) {
        return Optional.empty();
      }
    }
    boolean complete =
        entry.inputs().stream().allMatch(each -> body.inputs.containsKey(each.name()))
            && entry.outputs().stream().allMatch(each -> body.outputs.containsKey(each.name()));
    return complete ? Optional.of(body) : Optional.empty();
  }

  private boolean add(CallParameter parameter, Class<?> type, String name) {
    if (parameter.handle().isPresent()) {
      return addHandle(parameter, parameter.handle().get(), type, name);
    }
    return switch (parameter.direction()) {
      case IN -> addInput(parameter, type, name);
      case OUT -> addOutput(parameter, type, name);
      case INOUT, UNRECOGNIZED -> false;
    };
  }

  private boolean addHandle(CallParameter parameter, HandleRule rule, Class<?> type, String name) {
    if (!isPointerObject(type) || parameter.direction() != Direction.IN) {
      return false;
    }
    if (rule.kind() == HandleKind.CONTEXT) {
      return rule.use() == HandleUse.USES && addContext(parameter, name);
    }
    if (rule.use() == HandleUse.CREATES) {
      refuseNull(name);
      creations.add("long " + name + "Handle = " + newHandle() + ";");
      inputs.put(parameter.name(), name + "Handle");
      outputs.put(parameter.name(), "JCudaFields.setValue(" + name + ", " + name + "Handle);");
      return true;
    }
    if (rule.kind() == HandleKind.STREAM && rule.zero()) {
      // The thread's own stream may have to be created by a call before this one.
      creations.add("long " + name + "Handle = core.stream(thread, " + name + ");");
      inputs.put(parameter.name(), name + "Handle");
      return true;
    }
    inputs.put(parameter.name(), "JCudaFields.value(" + name + ")");
    if (!rule.zero()) {
      checks.add(
          "if (JCudaFields.value(" + name + ") == 0) return CUresult.CUDA_ERROR_INVALID_HANDLE;");
    }
    return true;
  }

  /** What is made of another object is made where that is. */
  private String newHandle() {
    List<CallParameter> parameters = JCudaSignature.cParameters(entry);
    for (int i = 0; i < parameters.size(); i++) {
      HandleRule rule = parameters.get(i).handle().orElse(null);
      if (rule != null && rule.use() == HandleUse.USES && !rule.zero()) {
        return "core.newHandleNear(JCudaFields.value(" + names.get(i) + "))";
      }
    }
    return "core.newHandle()";
  }

  private boolean addContext(CallParameter parameter, String name) {
    creations.add("long " + name + "Handle = core.context(" + name + ");");
    creations.add("if (" + name + "Handle < 0) return CUresult.CUDA_ERROR_INVALID_CONTEXT;");
    inputs.put(parameter.name(), name + "Handle");
    return true;
  }

  private boolean addInput(CallParameter parameter, Class<?> type, String name) {
    WireType wire = parameter.type();
    String value = null;
    if (wire == WireType.LONG && type.getName().equals(DEVICE_POINTER)) {
      value = "JCudaFields.address(" + name + ")";
    } else if (wire == WireType.LONG && isNumber(type)) {
      value = "JCudaFields.value(" + name + ")";
    } else if (wire == WireType.INT && type.getName().equals(DEVICE)) {
      value = "(int) JCudaFields.value(" + name + ")";
    } else if (wire == WireType.INT && type == byte.class) {
      value = name + " & 0xff";
    } else if (wire == WireType.INT && type == short.class) {
      value = name + " & 0xffff";
    } else if (wire == WireType.STRING && type == String.class) {
      refuseNull(name);
      value = name;
    } else if (wire.javaName().equals(type.getName())) {
      value = name;
    }
    if (value != null) {
      inputs.put(parameter.name(), value);
    }
    return value != null;
  }

  private boolean addOutput(CallParameter parameter, Class<?> type, String name) {
    String statement = null;
    boolean inObject = type.getName().equals(DEVICE_POINTER) || isNumber(type);
    if (parameter.type() == WireType.LONG && inObject) {
      statement = "JCudaFields.setValue(" + name + ", %s);";
    } else if (type.isArray()
        && parameter.type().javaName().equals(type.getComponentType().getName())
        && parameter.type() != WireType.BYTES) {
      statement = name + "[0] = %s;";
    }
    if (statement == null) {
      return false;
    }
    if (parameter.nullable()) {
      statement = "if (" + name + " != null) " + statement;
    } else {
      refuseNull(name);
    }
    outputs.put(parameter.name(), statement);
    return true;
  }

  private void refuseNull(String name) {
    checks.add("if (" + name + " == null) return CUresult.CUDA_ERROR_INVALID_VALUE;");
  }

  private static boolean isPointerObject(Class<?> type) {
    return extendsClass(type, POINTER_OBJECT);
  }

  /** A number in an object, such as a handle that the server chooses; no pointer to memory. */
  private static boolean isNumber(Class<?> type) {
    return isPointerObject(type) && !extendsClass(type, POINTER);
  }

  private static boolean extendsClass(Class<?> type, String name) {
    for (Class<?> at = type; at != null; at = at.getSuperclass()) {
      if (at.getName().equals(name)) {
        return true;
      }
    }
    return false;
  }

  /** Writes the statements. */
  void write(SourceText source) {
    String number = "Calls." + entry.constantName();
    boolean waits = entry.callClass() == CallClass.SYNC;
    checks.forEach(source::line);
    source.line("ClientCore core = core();");
    source.line("ThreadState thread = core.thread();");
    source.line("int result = core.refusal(thread);");
    source.line("if (result != CUresult.CUDA_SUCCESS) return result;");
    creations.forEach(source::line);
    source.line("WireWriter out = core.begin(" + number + ", thread);");
    source.open("try");
    List<String> arguments = new ArrayList<>(List.of("out"));
    entry.inputs().forEach(each -> arguments.add(Objects.requireNonNull(inputs.get(each.name()))));
    source.line("CallWriter." + entry.methodName() + "(" + String.join(", ", arguments) + ");");
    source.line(waits ? "core.endSync(thread);" : "result = core.endAsync();");
    source.close(" finally {").line("  core.release();").line("}");
    if (waits) {
      source.line("result = core.await(thread, " + number + ");");
    }
    source.line("if (result != CUresult.CUDA_SUCCESS) return result;");
    writeOutputs(source);
    source.line("return result;");
  }

  private void writeOutputs(SourceText source) {
    List<CallParameter> values = entry.outputs();
    if (values.size() == 1) {
      String value = "Outputs." + entry.methodName() + "(core.outputs(thread))";
      source.line(String.format(output(values.get(0)), value));
    } else if (values.size() > 1) {
      source.line(
          "Outputs."
              + entry.messageName()
              + " outputs = Outputs."
              + entry.methodName()
              + "(core.outputs(thread));");
      for (CallParameter each : values) {
        source.line(String.format(output(each), "outputs." + each.javaName() + "()"));
      }
    }
    for (CallParameter each : entry.inputs()) {
      if (each.handle().map(HandleRule::use).orElse(HandleUse.USES) == HandleUse.CREATES) {
        source.line(output(each));
      }
    }
  }

  /** Every output has a statement, or there is no body. */
  private String output(CallParameter parameter) {
    return Objects.requireNonNull(outputs.get(parameter.name()));
  }
}
