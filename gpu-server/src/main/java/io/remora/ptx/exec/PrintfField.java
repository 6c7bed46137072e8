// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

/**
 * What stands between the percent sign and the conversion of one field of a {@code printf} format:
 * flags, width and precision as C has them.
 *
 * @param precision -1 if there is none
 */
record PrintfField(
    boolean left,
    boolean plus,
    boolean space,
    boolean zero,
    boolean alternate,
    int width,
    int precision) {

  /** A field of thousands is a mistake or an attack on our memory. */
  private static final int WIDTH_MAX = 1000;

  /** Reads flags, width and precision; {@code *} has been replaced by its number. */
  static PrintfField of(String options) {
    int i = 0;
    boolean left = false;
    boolean plus = false;
    boolean space = false;
    boolean zero = false;
    boolean alternate = false;
    for (; i < options.length() && "-+ #0".indexOf(options.charAt(i)) >= 0; i++) {
      switch (options.charAt(i)) {
        case '-' -> left = true;
        case '+' -> plus = true;
        case ' ' -> space = true;
        case '0' -> zero = true;
        default -> alternate = true;
      }
    }
    int dot = options.indexOf('.', i);
    int width = number(dot < 0 ? options.substring(i) : options.substring(i, dot));
    // A negative width from an argument means its amount, to the left; a negative precision none.
    left |= width < 0;
    int precision = dot < 0 ? -1 : number(options.substring(dot + 1));
    return new PrintfField(
        left,
        plus,
        space,
        zero,
        alternate,
        Math.min(WIDTH_MAX, Math.abs(width)),
        Math.max(-1, Math.min(WIDTH_MAX, precision)));
  }

  private static int number(String digits) {
    int value = 0;
    boolean negative = digits.startsWith("-");
    for (int i = negative ? 1 : 0; i < digits.length(); i++) {
      int digit = digits.charAt(i) - '0';
      if (digit >= 0 && digit <= 9) {
        value = Math.min(1_000_000, value * 10 + digit);
      }
    }
    return negative ? -value : value;
  }

  /** The sign that goes before a number that isn't negative. */
  String sign() {
    return plus ? "+" : space ? " " : "";
  }

  /** Digits of an integer with its prefix (sign or {@code 0x}), in the field. */
  String integer(String prefix, String digits) {
    String shown = precision == 0 && digits.equals("0") ? "" : digits;
    int least = precision >= 0 ? precision : zero && !left ? width - prefix.length() : 0;
    return text(prefix + "0".repeat(Math.max(0, least - shown.length())) + shown);
  }

  /** A finite floating-point number with its sign, in the field. */
  String number(String prefix, String digits) {
    int zeros = zero && !left ? width - prefix.length() - digits.length() : 0;
    return text(prefix + "0".repeat(Math.max(0, zeros)) + digits);
  }

  /** Text in the field, whatever the precision. */
  String text(String text) {
    String spaces = " ".repeat(Math.max(0, width - text.length()));
    return left ? text + spaces : spaces + text;
  }

  /** Text cut to the precision, in the field. */
  String string(String text) {
    return text(precision >= 0 && precision < text.length() ? text.substring(0, precision) : text);
  }
}
