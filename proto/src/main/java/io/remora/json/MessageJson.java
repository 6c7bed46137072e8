// SPDX-License-Identifier: Apache-2.0
package io.remora.json;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.MessageOrBuilder;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A message as what {@link Json} writes: every field by its JSON name, those with default values
 * too, so that scripts needn't ask whether a field is there; only messages that are not set are
 * left out. Numbers are numbers, also those of 64 bits, and constants are their names.
 */
public final class MessageJson {
  private MessageJson() {}

  /** The message's fields. */
  public static Map<String, Object> of(MessageOrBuilder message) {
    Map<String, Object> fields = new LinkedHashMap<>();
    for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
      if (field.isRepeated()) {
        List<?> elements = (List<?>) message.getField(field);
        fields.put(field.getJsonName(), elements.stream().map(each -> value(field, each)).toList());
      } else if (!field.hasPresence() || message.hasField(field)) {
        fields.put(field.getJsonName(), value(field, message.getField(field)));
      }
    }
    return fields;
  }

  private static Object value(FieldDescriptor field, Object value) {
    return switch (field.getType()) {
      case UINT32, FIXED32 -> Integer.toUnsignedLong((Integer) value);
      case ENUM -> ((EnumValueDescriptor) value).getName();
      case MESSAGE, GROUP -> of((Message) value);
      case BYTES -> HexFormat.of().formatHex(((ByteString) value).toByteArray());
      case DOUBLE,
          FLOAT,
          INT64,
          UINT64,
          INT32,
          FIXED64,
          BOOL,
          STRING,
          SFIXED32,
          SFIXED64,
          SINT32,
          SINT64 ->
          value;
    };
  }
}
