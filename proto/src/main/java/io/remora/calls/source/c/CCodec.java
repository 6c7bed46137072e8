// SPDX-License-Identifier: Apache-2.0
package io.remora.calls.source.c;

import io.remora.calls.CallParameter;
import io.remora.calls.WireType;
import java.util.List;

/** How fields look in C: parameters of encoders and decoders, and the statements on them. */
final class CCodec {
  private static final int VARINT = 0;
  private static final int LENGTH_DELIMITED = 2;
  private static final int FIXED32 = 5;

  private CCodec() {}

  /** The C type of one value of a number. */
  static String number(CallParameter field) {
    return switch (field.type()) {
      case LONG -> field.unsigned() ? "uint64_t" : "int64_t";
      case INT -> field.unsigned() ? "uint32_t" : "int32_t";
      case BOOLEAN -> "bool";
      case FLOAT -> "float";
      case STRING, BYTES, PAYLOAD, MESSAGE ->
          throw new IllegalArgumentException(field.name() + " is no number");
    };
  }

  /** The parameters of an encoder for a field. */
  static List<String> inputs(CallParameter field, boolean asTail) {
    String name = field.name();
    if (field.repeated()) {
      String count = "size_t " + name + "_count";
      return switch (field.type()) {
        case LONG, INT -> List.of("const " + number(field) + " *" + name, count);
        case STRING -> List.of("const char *const *" + name, count);
        case BYTES, MESSAGE -> List.of("const struct remora_span *" + name, count);
        case BOOLEAN, FLOAT, PAYLOAD -> throw unsupported(field);
      };
    }
    return switch (field.type()) {
      case LONG, INT, BOOLEAN, FLOAT -> List.of(number(field) + " " + name);
      case STRING -> List.of("const char *" + name);
      case MESSAGE -> List.of("struct remora_span " + name);
      case BYTES, PAYLOAD ->
          asTail && field.bulk()
              ? List.of("size_t " + name + "_bytes")
              : List.of("const void *" + name, "size_t " + name + "_bytes");
    };
  }

  /** The statement of an encoder, on the writer called {@code out}. */
  static String write(CallParameter field, boolean asTail) {
    String name = field.name();
    String start = "(out, " + field.number() + ", ";
    if (field.repeated()) {
      String values = start + name + ", " + name + "_count);";
      return switch (field.type()) {
        case LONG -> "remora_write_uint64s" + values;
        case INT -> (field.unsigned() ? "remora_write_uint32s" : "remora_write_int32s") + values;
        case STRING -> "remora_write_strings" + values;
        case BYTES, MESSAGE -> "remora_write_spans" + values;
        case BOOLEAN, FLOAT, PAYLOAD -> throw unsupported(field);
      };
    }
    return switch (field.type()) {
      case LONG ->
          "remora_write_varint" + start + (field.unsigned() ? "" : "(uint64_t)") + name + ");";
      case INT ->
          "remora_write_varint"
              + start
              + (field.unsigned() ? "" : "(uint64_t)(int64_t)")
              + name
              + ");";
      case BOOLEAN -> "remora_write_varint" + start + name + ");";
      case FLOAT -> "remora_write_float" + start + name + ");";
      case STRING -> "remora_write_string" + start + name + ");";
      case MESSAGE -> "remora_write_bytes" + start + name + ".data, " + name + ".length);";
      case BYTES, PAYLOAD ->
          asTail && field.bulk()
              ? "remora_write_tail" + start + name + "_bytes);"
              : "remora_write_bytes" + start + name + ", " + name + "_bytes);";
    };
  }

  /** The parameters of a decoder for a field. */
  static List<String> outputs(CallParameter field) {
    String name = field.name();
    if (field.repeated()) {
      return List.of(
          element(field) + " *" + name,
          "size_t " + name + "_capacity",
          "size_t *" + name + "_count");
    }
    return List.of(isSpan(field) ? "struct remora_span *" + name : number(field) + " *" + name);
  }

  private static String element(CallParameter field) {
    return switch (field.type()) {
      case LONG, INT -> number(field);
      case STRING, BYTES, MESSAGE -> "struct remora_span";
      case BOOLEAN, FLOAT, PAYLOAD -> throw unsupported(field);
    };
  }

  /** Declares the local that a decoder fills. */
  static String local(CallParameter field) {
    if (field.repeated()) {
      return "size_t " + field.name() + "_total = 0;";
    }
    return isSpan(field)
        ? "struct remora_span " + field.name() + "_value = {NULL, 0};"
        : number(field) + " " + field.name() + "_value = 0;";
  }

  /** The statement of a decoder, on the reader called {@code in}. */
  static String read(CallParameter field) {
    String name = field.name();
    if (field.repeated()) {
      String into = "(in, " + name + ", " + name + "_capacity, &" + name + "_total);";
      return switch (field.type()) {
        case LONG -> "remora_read_uint64s" + into;
        case INT -> "remora_read_int32s" + into;
        case STRING, BYTES, MESSAGE -> "remora_read_span_into" + into;
        case BOOLEAN, FLOAT, PAYLOAD -> throw unsupported(field);
      };
    }
    return name
        + "_value = "
        + switch (field.type()) {
          case LONG, INT -> "(" + number(field) + ")remora_read_varint(in);";
          case BOOLEAN -> "remora_read_varint(in) != 0;";
          case FLOAT -> "remora_read_float(in);";
          case STRING, BYTES, PAYLOAD, MESSAGE -> "remora_read_span(in);";
        };
  }

  /** The field's tag on the wire. */
  static int tag(CallParameter field) {
    int wireType = LENGTH_DELIMITED;
    if (!field.repeated() && field.type() == WireType.FLOAT) {
      wireType = FIXED32;
    } else if (!field.repeated() && !isSpan(field)) {
      wireType = VARINT;
    }
    return field.number() << 3 | wireType;
  }

  private static boolean isSpan(CallParameter field) {
    return switch (field.type()) {
      case STRING, BYTES, PAYLOAD, MESSAGE -> true;
      case LONG, INT, BOOLEAN, FLOAT -> false;
    };
  }

  private static IllegalStateException unsupported(CallParameter field) {
    return new IllegalStateException("no code for repeated " + field.type());
  }
}
