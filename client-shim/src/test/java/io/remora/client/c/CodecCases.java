// SPDX-License-Identifier: Apache-2.0
package io.remora.client.c;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.MessageLite;
import io.remora.calls.CallEntry;
import io.remora.calls.CallParameter;
import io.remora.calls.CallTable;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * Random arguments and outputs of every call that travels: as a C file that encodes and decodes
 * them, and as the lines that it must print, made by protobuf.
 */
final class CodecCases {
  private static final int CASES_A_CALL = 4;
  private static final int ELEMENTS_MAX = 3;

  private final Random random;
  private final StringBuilder source = new StringBuilder();
  private final StringBuilder encoders = new StringBuilder();
  private final StringBuilder decoders = new StringBuilder();
  private final List<String> expected = new ArrayList<>();

  CodecCases(CallTable table, long seed) {
    random = new Random(seed);
    source.append("#include \"codec_test.h\"\n#include \"remora_calls.h\"\n\n");
    for (CallEntry entry : table.onWire()) {
      if (!entry.outputs().isEmpty()) {
        decoder(entry);
      }
      for (int i = 0; i < CASES_A_CALL; i++) {
        DynamicMessage message = message(entry.message(), i == 0);
        encode(entry, message, i, false);
        if (entry.inputs().stream().anyMatch(CallParameter::bulk)) {
          encode(entry, message, i, true);
        }
        if (!entry.outputs().isEmpty()) {
          decode(entry, message, i);
        }
      }
    }
    source.append("void encode_all(void)\n{\n").append(encoders).append("}\n\n");
    source.append("const struct decode_case decode_cases[] = {\n").append(decoders);
    source.append("};\n\nconst size_t decode_case_count =\n");
    source.append("    sizeof decode_cases / sizeof decode_cases[0];\n");
  }

  /** The C file. */
  String source() {
    return source.toString();
  }

  /** What the program must print before it goes on to garbage: first all calls, then answers. */
  List<String> expected() {
    List<String> sorted =
        expected.stream().filter(each -> each.startsWith("encode")).collect(Collectors.toList());
    expected.stream().filter(each -> each.startsWith("decode")).forEach(sorted::add);
    return sorted;
  }

  private DynamicMessage message(Descriptor type, boolean empty) {
    DynamicMessage.Builder builder = DynamicMessage.newBuilder(type);
    for (FieldDescriptor field : type.getFields()) {
      if (empty) {
        continue;
      }
      if (field.isRepeated()) {
        for (int i = random.nextInt(ELEMENTS_MAX + 1); i > 0; i--) {
          builder.addRepeatedField(field, value(field));
        }
      } else {
        builder.setField(field, value(field));
      }
    }
    return builder.build();
  }

  private Object value(FieldDescriptor field) {
    long[] edges = {0, 1, 127, 128, 300, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, Long.MIN_VALUE};
    int which = random.nextInt(edges.length + 3);
    long number = which < edges.length ? edges[which] : random.nextLong();
    return switch (field.getJavaType()) {
      case LONG -> number;
      case INT -> (int) number;
      case BOOLEAN -> (number & 1) != 0;
      case FLOAT -> random.nextInt(4) == 0 ? -0.0f : (float) random.nextGaussian();
      case STRING -> text();
      case BYTE_STRING -> bytes();
      case MESSAGE -> message(field.getMessageType(), random.nextInt(4) == 0);
      case DOUBLE, ENUM -> throw new IllegalStateException("not in the table: " + field);
    };
  }

  private String text() {
    return "näme \"of\\ something ".repeat(random.nextInt(12)).strip();
  }

  private ByteString bytes() {
    byte[] bytes = new byte[random.nextInt(5) * random.nextInt(100)];
    random.nextBytes(bytes);
    return ByteString.copyFrom(bytes);
  }

  private static DynamicMessage part(DynamicMessage message, List<CallParameter> fields) {
    DynamicMessage.Builder builder = DynamicMessage.newBuilder(message.getDescriptorForType());
    for (CallParameter each : fields) {
      FieldDescriptor field = message.getDescriptorForType().findFieldByNumber(each.number());
      Object value = message.getField(field);
      // A message with nothing in it and none at all are the same to whoever reads them.
      if (!(value instanceof DynamicMessage part) || part.getSerializedSize() > 0) {
        builder.setField(field, value);
      }
    }
    return builder.build();
  }

  private void encode(CallEntry entry, DynamicMessage message, int number, boolean asTail) {
    String name = entry.methodName() + (asTail ? "_tail" : "");
    List<String> arguments = new ArrayList<>();
    String payload = "NULL, 0";
    for (CallParameter each : entry.inputs()) {
      Object value =
          message.getField(message.getDescriptorForType().findFieldByNumber(each.number()));
      if (asTail && each.bulk()) {
        payload = literal((ByteString) value);
        arguments.add(((ByteString) value).size() + "");
      } else if (each.repeated()) {
        arguments.add(repeated(each, (List<?>) value));
      } else {
        arguments.add(single(each, value));
      }
    }
    encoders.append("    remora_encode_").append(name).append("(begin_case()");
    arguments.forEach(each -> encoders.append(",\n        ").append(each));
    encoders.append(");\n    end_case(\"").append(name).append(' ').append(number);
    encoders.append("\", ").append(payload).append(");\n");
    // Payloads come last, which protobuf itself would order by number.
    ByteString encoded =
        part(message, entry.inputs().stream().filter(each -> !each.bulk()).toList())
            .toByteString()
            .concat(
                part(message, entry.inputs().stream().filter(CallParameter::bulk).toList())
                    .toByteString());
    expected.add(
        "encode "
            + name
            + " "
            + number
            + " "
            + hex(io.remora.v1.Call.newBuilder().setArguments(encoded).build(), encoded));
  }

  /** The program writes arguments into a Call and doesn't leave out empty ones. */
  private static String hex(MessageLite call, ByteString arguments) {
    return arguments.isEmpty() ? "1200" : HexFormat.of().formatHex(call.toByteArray());
  }

  private static String single(CallParameter field, Object value) {
    return switch (field.type()) {
      case LONG -> "(" + cNumber(field) + ")UINT64_C(" + Long.toUnsignedString((Long) value) + ")";
      case INT ->
          "(" + cNumber(field) + ")UINT32_C(" + Integer.toUnsignedString((Integer) value) + ")";
      case BOOLEAN -> value.toString();
      case FLOAT -> "float_of(UINT32_C(" + Integer.toUnsignedString(bits(value)) + "))";
      case STRING -> string((String) value);
      case BYTES, PAYLOAD -> literal((ByteString) value);
      case MESSAGE -> span(((DynamicMessage) value).toByteString());
    };
  }

  private static int bits(Object value) {
    return Float.floatToRawIntBits((Float) value);
  }

  private static String cNumber(CallParameter field) {
    String bits = field.javaType().replace("[]", "").equals("long") ? "64" : "32";
    return (field.unsigned() ? "uint" : "int") + bits + "_t";
  }

  private static String repeated(CallParameter field, List<?> values) {
    if (values.isEmpty()) {
      return "NULL, 0";
    }
    String type =
        switch (field.type()) {
          case LONG, INT -> "const " + cNumber(field);
          case STRING -> "const char *const";
          case BYTES, MESSAGE -> "const struct remora_span";
          case BOOLEAN, FLOAT, PAYLOAD -> throw new IllegalStateException(field.name());
        };
    String items =
        values.stream()
            .map(each -> each instanceof ByteString bytes ? span(bytes) : single(field, each))
            .collect(Collectors.joining(", "));
    return "(" + type + "[]){" + items + "}, " + values.size();
  }

  private static String span(ByteString bytes) {
    return "(struct remora_span){(const uint8_t *)" + literal(bytes) + "}";
  }

  /** Bytes and their number, as two arguments. */
  private static String literal(ByteString bytes) {
    return string(bytes) + ", " + bytes.size();
  }

  private static String string(String value) {
    return string(ByteString.copyFrom(value, StandardCharsets.UTF_8));
  }

  private static String string(ByteString bytes) {
    var text = new StringBuilder("\"");
    for (byte each : bytes.toByteArray()) {
      text.append('\\').append(String.format("%03o", each & 0xff));
    }
    return text.append('"').toString();
  }

  private void decoder(CallEntry entry) {
    source.append("static bool decode_").append(entry.methodName());
    source.append("(struct remora_reader *in)\n{\n");
    List<String> arguments = new ArrayList<>(List.of("in"));
    var prints = new StringBuilder();
    for (CallParameter each : entry.outputs()) {
      String name = each.name();
      String kind =
          switch (each.type()) {
            case LONG, INT -> cNumber(each);
            case BOOLEAN -> "bool";
            case FLOAT -> "float";
            case STRING, BYTES, PAYLOAD, MESSAGE -> "struct remora_span";
          };
      String print = kind.startsWith("struct") ? "print_span(" : "print_" + each.type() + "(";
      if (each.repeated()) {
        source.append("    ").append(kind).append(" v_").append(name);
        source.append("[").append(ELEMENTS_MAX).append("];\n");
        source.append("    size_t n_").append(name).append(";\n");
        arguments.add("v_" + name + ", " + ELEMENTS_MAX + ", &n_" + name);
        prints.append("    for (size_t i = 0; i < n_").append(name).append(" && i < ");
        prints.append(ELEMENTS_MAX).append("; i++) {\n        ").append(print).append("v_");
        prints.append(name).append("[i]);\n    }\n    print_LONG((uint64_t)n_").append(name);
        prints.append(");\n");
      } else {
        source.append("    ").append(kind).append(" v_").append(name).append(";\n");
        arguments.add("&v_" + name);
        prints.append("    ").append(print).append("v_").append(name).append(");\n");
      }
    }
    source.append("    if (!remora_decode_").append(entry.methodName()).append("(");
    source.append(String.join(", ", arguments)).append(")) {\n        return false;\n    }\n");
    source.append(prints).append("    return true;\n}\n\n");
  }

  private void decode(CallEntry entry, DynamicMessage message, int number) {
    ByteString outputs = part(message, entry.outputs()).toByteString();
    String name = entry.methodName() + " " + number;
    decoders.append("    {\"").append(name).append("\", decode_").append(entry.methodName());
    decoders.append(", (const uint8_t *)").append(literal(outputs)).append("},\n");
    var line = new StringBuilder("decode ").append(name);
    for (CallParameter each : entry.outputs()) {
      Object value =
          message.getField(message.getDescriptorForType().findFieldByNumber(each.number()));
      if (each.repeated()) {
        ((List<?>) value).forEach(one -> line.append(' ').append(printed(one)));
        line.append(' ').append(((List<?>) value).size());
      } else {
        line.append(' ').append(printed(value));
      }
    }
    expected.add(line.toString());
  }

  private static String printed(Object value) {
    if (value instanceof Long number) {
      return Long.toUnsignedString(number);
    }
    if (value instanceof Integer number) {
      return Integer.toUnsignedString(number);
    }
    if (value instanceof Float) {
      return "f" + Integer.toUnsignedString(bits(value));
    }
    if (value instanceof Boolean) {
      return value.toString();
    }
    if (value instanceof String text) {
      return "<" + HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8)) + ">";
    }
    ByteString bytes =
        value instanceof ByteString already ? already : ((DynamicMessage) value).toByteString();
    return "<" + HexFormat.of().formatHex(bytes.toByteArray()) + ">";
  }
}
