// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.matrix;

import io.remora.ptx.math.Bfloat;
import io.remora.ptx.math.EightBitFloat;
import io.remora.ptx.math.Half;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What the elements of a matrix are, and their values (PTX ISA 9.7.14). */
public enum Element {
  F16(16),
  BF16(16),
  TF32(32),
  F32(32),
  F64(64),
  E4M3(8),
  E5M2(8),
  S8(8),
  U8(8),
  S4(4),
  U4(4),
  B1(1),
  S32(32);

  private final int bits;

  Element(int bits) {
    this.bits = bits;
  }

  /** The element type of this PTX name, without the dot, or null. */
  public static @Nullable Element named(String name) {
    for (Element element : values()) {
      if (element.name().toLowerCase(Locale.ROOT).equals(name)) {
        return element;
      }
    }
    return null;
  }

  /** Width in bits. */
  public int bits() {
    return bits;
  }

  /** Elements in one 32-bit word of a register; 1 also for the halves of a 64-bit one. */
  public int perWord() {
    return Math.max(1, 32 / bits);
  }

  /** Words that one element takes, at least 1. */
  public int words() {
    return Math.max(1, bits / 32);
  }

  /** Whether the elements are floating point. */
  public boolean isFloat() {
    return ordinal() <= E5M2.ordinal();
  }

  /** The value of floating-point bits of at most 32. */
  float toFloat(int raw) {
    return switch (this) {
      case F16 -> Half.toFloat(raw & 0xffff);
      case BF16 -> Bfloat.toFloat(raw & 0xffff);
      case TF32 -> Float.intBitsToFloat(raw & 0xffff_e000);
      case F32 -> Float.intBitsToFloat(raw);
      case E4M3 -> EightBitFloat.e4m3ToFloat(raw & 0xff);
      case E5M2 -> EightBitFloat.e5m2ToFloat(raw & 0xff);
      default -> throw new IllegalArgumentException(name());
    };
  }

  /** The value of integer bits. */
  int toInt(int raw) {
    return switch (this) {
      case S8 -> (byte) raw;
      case U8 -> raw & 0xff;
      case S4 -> raw << 28 >> 28;
      case U4 -> raw & 15;
      case B1 -> raw & 1;
      default -> raw;
    };
  }
}
