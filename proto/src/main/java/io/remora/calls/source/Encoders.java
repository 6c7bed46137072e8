// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source;

import io.remora.calls.CallParameter;
import io.remora.calls.WireType;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The methods that write a message's fields, on either side. */
final class Encoders {
  private Encoders() {}

  /**
   * Writes one method, and for a bulk payload a second one that doesn't copy it.
   *
   * @param name the method's name
   * @param first the parameter that carries the writer
   * @param begin a statement that declares {@code out}; may be empty
   * @param end a statement behind the fields; may be empty
   * @param fields the message's fields
   */
  static void write(
      SourceText source,
      String name,
      String first,
      String begin,
      String end,
      List<CallParameter> fields) {
    method(source, name, first, begin, end, fields, false);
    if (fields.stream().anyMatch(CallParameter::bulk)) {
      source.line("").line("/** As the other, but the payload isn't copied: it ends the frame. */");
      method(source, name + "Tail", first, begin, end, fields, true);
    }
  }

  private static void method(
      SourceText source,
      String name,
      String first,
      String begin,
      String end,
      List<CallParameter> fields,
      boolean asTail) {
    String parameters =
        Stream.concat(Stream.of(first), fields.stream().map(Encoders::declaration))
            .collect(Collectors.joining(", "));
    source.open("public static void " + name + "(" + parameters + ")");
    if (!begin.isEmpty()) {
      source.line(begin);
    }
    for (CallParameter field : fields) {
      if (!field.bulk()) {
        source.line(Codec.write(field));
      }
    }
    for (CallParameter field : fields) {
      if (field.bulk()) {
        String operation = asTail ? "out.tail(" : "out.bytes(";
        source.line(operation + field.number() + ", " + field.javaName() + ");");
      }
    }
    if (!end.isEmpty()) {
      source.line(end);
    }
    source.close();
  }

  private static String declaration(CallParameter field) {
    return (field.type() == WireType.PAYLOAD ? "ByteBuffer" : field.javaType())
        + " "
        + field.javaName();
  }
}
