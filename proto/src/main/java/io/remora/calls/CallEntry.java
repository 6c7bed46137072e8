// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

import com.google.protobuf.Descriptors.Descriptor;
import io.remora.v1.CallClass;
import io.remora.v1.HandleKind;
import io.remora.v1.Handling;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * One entry point of the driver, or one of Remora's own calls.
 *
 * @param number the call's number on the wire
 * @param name the documented C name without ABI suffix; for Remora's own calls the entry point that
 *     they serve, or empty
 * @param symbols every exported symbol with this signature
 * @param callClass how the client sends it
 * @param handling whether the server's side is generated
 * @param queued whether it is work on a stream
 * @param group heading on the coverage page
 * @param note a sentence for the coverage page; may be empty
 * @param sameAs message name of the entry that the server treats it as; may be empty
 * @param parameters the fields in the order of the C parameters
 * @param message the proto message
 */
public record CallEntry(
    int number,
    String name,
    List<AbiSymbol> symbols,
    CallClass callClass,
    Handling handling,
    boolean queued,
    String group,
    String note,
    String sameAs,
    List<CallParameter> parameters,
    Descriptor message) {

  /** Least number of Remora's own calls. */
  public static final int FIRST_OWN_NUMBER = 1000;

  /** Checks nothing: {@link TableCheck} looks at the whole table. */
  public CallEntry {
    symbols = List.copyOf(symbols);
    parameters = List.copyOf(parameters);
  }

  /** Name of the proto message, e.g. {@code CuMemAlloc}. */
  public String messageName() {
    return message.getName();
  }

  /** The name for people: the C name, or the method's for calls of Remora that have none. */
  public String title() {
    return name.isEmpty() ? methodName() : name;
  }

  /** Name of generated methods, e.g. {@code cuMemAlloc}. */
  public String methodName() {
    String name = messageName();
    return name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1);
  }

  /** Name of generated constants, e.g. {@code CU_MEM_ALLOC}. */
  public String constantName() {
    String spaced =
        messageName()
            .replaceAll("([a-z0-9])([A-Z])", "$1_$2")
            .replaceAll("([A-Z])([A-Z][a-z])", "$1_$2");
    return spaced.toUpperCase(Locale.ROOT);
  }

  /** Whether the call is ever on the wire. */
  public boolean isOnWire() {
    return callClass != CallClass.LOCAL;
  }

  /** Whether it is one of Remora's own calls. */
  public boolean isOwn() {
    return number >= FIRST_OWN_NUMBER;
  }

  /** The fields that travel with the call. */
  public List<CallParameter> inputs() {
    return parameters.stream().filter(CallParameter::isInput).toList();
  }

  /** The fields that travel with the answer. */
  public List<CallParameter> outputs() {
    return parameters.stream().filter(CallParameter::isOutput).toList();
  }

  /** The field with that name. */
  public Optional<CallParameter> parameter(String fieldName) {
    return parameters.stream().filter(each -> each.name().equals(fieldName)).findFirst();
  }

  /** The field that names the stream of queued work. */
  public Optional<CallParameter> stream() {
    return parameters.stream()
        .filter(CallParameter::isInput)
        .filter(each -> each.handle().map(HandleRule::kind).orElse(null) == HandleKind.STREAM)
        .findFirst();
  }
}
