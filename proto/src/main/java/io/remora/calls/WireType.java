// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

import com.google.protobuf.Descriptors.FieldDescriptor;

/** The types that fields of the call table may have. */
public enum WireType {
  /** {@code uint64} and {@code int64}. */
  LONG("long"),
  /** {@code uint32}, {@code int32} and enumerations. */
  INT("int"),
  /** {@code bool}. */
  BOOLEAN("boolean"),
  /** {@code float}. */
  FLOAT("float"),
  /** {@code string}. */
  STRING("String"),
  /** {@code bytes} of a field that isn't bulk. */
  BYTES("byte[]"),
  /** {@code bytes} of a bulk field. */
  PAYLOAD("Payload"),
  /** A message. */
  MESSAGE("");

  private final String javaName;

  WireType(String javaName) {
    this.javaName = javaName;
  }

  /** The Java type of one value in generated code; empty for messages, which have their own. */
  public String javaName() {
    return javaName;
  }

  /**
   * The type of a field.
   *
   * @throws InvalidTableException for a type that the table doesn't allow
   */
  static WireType of(FieldDescriptor field, boolean bulk) {
    return switch (field.getType()) {
      case UINT64, INT64 -> LONG;
      case UINT32, INT32, ENUM -> INT;
      case BOOL -> BOOLEAN;
      case FLOAT -> FLOAT;
      case STRING -> STRING;
      case BYTES -> bulk ? PAYLOAD : BYTES;
      case MESSAGE -> MESSAGE;
      case DOUBLE, FIXED64, FIXED32, GROUP, SFIXED32, SFIXED64, SINT32, SINT64 ->
          throw new InvalidTableException(
              field.getFullName() + ": the type " + field.getType() + " is not used in calls");
    };
  }
}
