// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

import io.remora.v1.Direction;
import io.remora.v1.Route;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * One field of a call's message: a C parameter, or something that Remora sends beside them.
 *
 * @param name the field's name in the table, e.g. {@code dst_device}
 * @param number the field's number on the wire
 * @param type the type of one value
 * @param unsigned whether the proto type is unsigned
 * @param repeated whether the field has any number of values
 * @param messageClass the full Java name of the protobuf class, empty unless a message
 * @param direction whether it travels with the call, the answer or both
 * @param cType the C parameter's type; empty for a field that is no C parameter
 * @param handle the rule for fields that carry handles
 * @param devicePointer whether it is an address in device memory
 * @param length name of the field that holds the length; may be empty
 * @param unitBytes bytes for each unit of the length, at least 1
 * @param pitch name of the field with the distance of rows in bytes; empty unless in rows
 * @param rows name of the field with the number of rows; empty unless in rows
 * @param nullable whether CUDA accepts a null pointer
 * @param bulk whether it is sent in chunks
 * @param min least value allowed
 * @param max greatest value allowed
 * @param mask bits that may be set
 * @param opaque whether only the client understands it
 * @param clientOnly whether it is never on the wire
 * @param route what the table says of the server that a call is for
 * @param annotated whether the table says anything of the field
 */
public record CallParameter(
    String name,
    int number,
    WireType type,
    boolean unsigned,
    boolean repeated,
    String messageClass,
    Direction direction,
    String cType,
    Optional<HandleRule> handle,
    boolean devicePointer,
    String length,
    int unitBytes,
    String pitch,
    String rows,
    boolean nullable,
    boolean bulk,
    OptionalLong min,
    OptionalLong max,
    OptionalLong mask,
    boolean opaque,
    boolean clientOnly,
    Route route,
    boolean annotated) {

  /** The name in Java, e.g. {@code dstDevice}. */
  public String javaName() {
    var result = new StringBuilder();
    boolean capital = false;
    for (char letter : name.toCharArray()) {
      if (letter == '_') {
        capital = true;
      } else {
        result.append(capital ? Character.toUpperCase(letter) : letter);
        capital = false;
      }
    }
    return result.toString();
  }

  /** The Java type in generated code, for all values of the field. */
  public String javaType() {
    String one = type == WireType.MESSAGE ? messageClass : type.javaName();
    if (!repeated) {
      return one;
    }
    return switch (type) {
      case LONG, INT, BOOLEAN, FLOAT -> one + "[]";
      case STRING, BYTES, PAYLOAD, MESSAGE -> "List<" + one + ">";
    };
  }

  /** Whether the field travels from client to server. */
  public boolean isInput() {
    return !clientOnly && direction != Direction.OUT;
  }

  /** Whether the field travels from server to client. */
  public boolean isOutput() {
    return !clientOnly && direction != Direction.IN;
  }

  /** Whether the field is a parameter of the C function. */
  public boolean isCParameter() {
    return !cType.isEmpty();
  }
}
