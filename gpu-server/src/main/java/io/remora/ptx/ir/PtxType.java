// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.ir;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Fundamental types of PTX (PTX ISA section 5.2), and the packed ones that instructions name. */
public enum PtxType {
  PRED(1, Family.PREDICATE),
  B8(8, Family.BITS),
  B16(16, Family.BITS),
  B32(32, Family.BITS),
  B64(64, Family.BITS),
  B128(128, Family.BITS),
  U8(8, Family.UNSIGNED),
  U16(16, Family.UNSIGNED),
  U32(32, Family.UNSIGNED),
  U64(64, Family.UNSIGNED),
  S8(8, Family.SIGNED),
  S16(16, Family.SIGNED),
  S32(32, Family.SIGNED),
  S64(64, Family.SIGNED),
  F16(16, Family.FLOAT),
  F32(32, Family.FLOAT),
  F64(64, Family.FLOAT),
  BF16(16, Family.FLOAT),
  TF32(32, Family.FLOAT),
  S4(4, Family.PACKED),
  U4(4, Family.PACKED),
  B1(1, Family.PACKED),
  E4M3(8, Family.PACKED),
  E5M2(8, Family.PACKED),
  E2M1X2(8, Family.PACKED),
  E2M3X2(16, Family.PACKED),
  E3M2X2(16, Family.PACKED),
  F32X2(64, Family.PACKED),
  E4M3X2(16, Family.PACKED),
  E5M2X2(16, Family.PACKED),
  F16X2(32, Family.PACKED),
  BF16X2(32, Family.PACKED),
  U16X2(32, Family.PACKED),
  S16X2(32, Family.PACKED);

  /** What the bits mean. */
  public enum Family {
    PREDICATE,
    BITS,
    UNSIGNED,
    SIGNED,
    FLOAT,
    PACKED
  }

  private static final Map<String, PtxType> BY_NAME = new HashMap<>();

  static {
    for (PtxType type : values()) {
      BY_NAME.put(type.name().toLowerCase(Locale.ROOT), type);
    }
  }

  private final int bits;
  private final Family family;

  PtxType(int bits, Family family) {
    this.bits = bits;
    this.family = family;
  }

  /** The type of this name, without the dot, or null. */
  public static @Nullable PtxType named(String name) {
    return BY_NAME.get(name);
  }

  /** Width in bits; 1 for predicates. */
  public int bits() {
    return bits;
  }

  /** Width in memory in bytes; 1 for predicates. */
  public int bytes() {
    return Math.max(1, bits / 8);
  }

  /** What the bits mean. */
  public Family family() {
    return family;
  }

  /** Whether this is a two's complement type. */
  public boolean isSigned() {
    return family == Family.SIGNED;
  }

  /** Whether this is a scalar floating-point type. */
  public boolean isFloat() {
    return family == Family.FLOAT;
  }

  /** Whether this is an integer or untyped bits. */
  public boolean isInteger() {
    return family == Family.BITS || family == Family.UNSIGNED || family == Family.SIGNED;
  }

  /** The name as PTX writes it, with the dot. */
  public String spelling() {
    return "." + name().toLowerCase(Locale.ROOT);
  }
}
