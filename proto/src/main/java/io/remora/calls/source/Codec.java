// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source;

import io.remora.calls.CallParameter;
import java.util.List;

/** The statements that read and write fields in generated code. */
final class Codec {
  private static final int VARINT = 0;
  private static final int LENGTH_DELIMITED = 2;
  private static final int FIXED32 = 5;

  private Codec() {}

  /** Declares a local for each field and fills them from the reader called {@code in}. */
  static void read(SourceText source, List<CallParameter> parameters) {
    for (CallParameter parameter : parameters) {
      source.line(
          parameter.javaType() + " " + parameter.javaName() + " = " + initial(parameter) + ";");
    }
    source.open("for (int tag = in.readTag(); tag != 0; tag = in.readTag())");
    source.open("switch (tag)");
    for (CallParameter parameter : parameters) {
      source.line("case " + tag(parameter) + " -> " + statement(parameter) + ";");
    }
    source.line("default -> in.skip(tag);");
    source.close().close();
  }

  /** A statement that writes the field to the writer called {@code out}. */
  static String write(CallParameter parameter) {
    String name = parameter.javaName();
    String call = parameter.number() + ", ";
    if (parameter.repeated()) {
      return switch (parameter.type()) {
        case LONG -> "Repeated.write(out, " + call + name + ");";
        case INT -> "Repeated.write(out, " + call + name + ", " + parameter.unsigned() + ");";
        case STRING -> "Repeated.writeStrings(out, " + call + name + ");";
        case BYTES -> "Repeated.writeArrays(out, " + call + name + ");";
        case MESSAGE -> "Repeated.writeMessages(out, " + call + name + ");";
        case BOOLEAN, FLOAT, PAYLOAD -> throw unsupported(parameter);
      };
    }
    return switch (parameter.type()) {
      case LONG -> "out.varint(" + call + name + ");";
      case INT ->
          "out.varint(" + call + (parameter.unsigned() ? name + " & 0xffffffffL" : name) + ");";
      case BOOLEAN -> "out.varint(" + call + name + " ? 1 : 0);";
      case FLOAT -> "out.float32(" + call + name + ");";
      case STRING -> "out.string(" + call + name + ");";
      case BYTES, PAYLOAD -> "out.bytes(" + call + name + ");";
      case MESSAGE -> "out.bytes(" + call + name + ".toByteArray());";
    };
  }

  private static int tag(CallParameter parameter) {
    int wireType =
        parameter.repeated()
            ? LENGTH_DELIMITED
            : switch (parameter.type()) {
              case LONG, INT, BOOLEAN -> VARINT;
              case FLOAT -> FIXED32;
              case STRING, BYTES, PAYLOAD, MESSAGE -> LENGTH_DELIMITED;
            };
    return parameter.number() << 3 | wireType;
  }

  private static String initial(CallParameter parameter) {
    if (parameter.repeated()) {
      return switch (parameter.type()) {
        case LONG -> "Repeated.NO_LONGS";
        case INT -> "Repeated.NO_INTS";
        case STRING, MESSAGE, BYTES -> "new ArrayList<>()";
        case BOOLEAN, FLOAT, PAYLOAD -> throw unsupported(parameter);
      };
    }
    return switch (parameter.type()) {
      case LONG, INT, FLOAT -> "0";
      case BOOLEAN -> "false";
      case STRING -> "\"\"";
      case BYTES -> "Repeated.NO_BYTES";
      case PAYLOAD -> "Payload.EMPTY";
      case MESSAGE -> parameter.javaType() + ".getDefaultInstance()";
    };
  }

  private static String statement(CallParameter parameter) {
    String name = parameter.javaName();
    if (parameter.repeated()) {
      return switch (parameter.type()) {
        case LONG -> name + " = Repeated.longs(in, " + name + ")";
        case INT -> name + " = Repeated.ints(in, " + name + ")";
        case STRING -> name + ".add(in.readString())";
        case BYTES -> name + ".add(in.readBytes())";
        case MESSAGE ->
            name + ".add(Repeated.message(in, " + parameter.messageClass() + ".parser()))";
        case BOOLEAN, FLOAT, PAYLOAD -> throw unsupported(parameter);
      };
    }
    return name
        + " = "
        + switch (parameter.type()) {
          case LONG -> "in.readVarint64()";
          case INT -> "in.readVarint32()";
          case BOOLEAN -> "in.readVarint64() != 0";
          case FLOAT -> "in.readFloat()";
          case STRING -> "in.readString()";
          case BYTES -> "in.readBytes()";
          case PAYLOAD -> "in.readPayload()";
          case MESSAGE -> "Repeated.message(in, " + parameter.messageClass() + ".parser())";
        };
  }

  private static IllegalStateException unsupported(CallParameter parameter) {
    return new IllegalStateException("no code for repeated " + parameter.type());
  }
}
