// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import io.remora.ptx.memory.Access;
import io.remora.ptx.memory.DeviceMemory;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * The {@code printf} of kernels (CUDA programming guide, "Formatted Output"): arguments lie one
 * behind the other, each aligned to its size; floats come as doubles. Text is bytes here, one
 * character for each, so that any encoding passes through unchanged.
 */
final class DevicePrintf {
  /** What one call prints is cut here: a format may name the same long text many times. */
  private static final int TEXT_BYTES_MAX = 64 << 10;

  private static final int DIGITS_DEFAULT = 6;

  private final DeviceMemory memory;
  private final StringBuilder text = new StringBuilder();
  private long next;
  private int printed;

  private DevicePrintf(DeviceMemory memory, long arguments) {
    this.memory = memory;
    this.next = arguments;
  }

  static int print(DeviceMemory memory, long format, long arguments, Consumer<byte[]> sink) {
    var printf = new DevicePrintf(memory, arguments);
    printf.format(DeviceText.read(memory, format));
    if (printf.text.length() > TEXT_BYTES_MAX) {
      printf.text.setLength(TEXT_BYTES_MAX);
    }
    sink.accept(printf.text.toString().getBytes(StandardCharsets.ISO_8859_1));
    return printf.printed;
  }

  private void format(String format) {
    int i = 0;
    while (i < format.length() && text.length() < TEXT_BYTES_MAX) {
      char c = format.charAt(i++);
      if (c != '%') {
        text.append(c);
        continue;
      }
      int start = i;
      while (i < format.length() && "-+ #0123456789.*hlzjtL".indexOf(format.charAt(i)) >= 0) {
        i++;
      }
      if (i >= format.length()) {
        text.append('%').append(format, start, i);
        return;
      }
      conversion(format.substring(start, i), format.charAt(i));
      i++;
    }
  }

  private void conversion(String options, char conversion) {
    if (conversion == '%') {
      text.append('%');
      return;
    }
    if ("diuxXocspfFeEgGaA".indexOf(conversion) < 0) {
      text.append('%').append(options).append(conversion);
      return;
    }
    var numbers = new StringBuilder();
    var length = new StringBuilder();
    for (char c : options.toCharArray()) {
      if (c == '*') {
        numbers.append((int) integer(4));
      } else if ("hlzjtL".indexOf(c) >= 0) {
        length.append(c);
      } else {
        numbers.append(c);
      }
    }
    printed++;
    text.append(value(PrintfField.of(numbers.toString()), length.toString(), conversion));
  }

  private String value(PrintfField field, String length, char conversion) {
    return switch (conversion) {
      case 'd', 'i' -> {
        long value = number(length);
        String digits = Long.toString(value);
        yield value < 0
            ? field.integer("-", digits.substring(1))
            : field.integer(field.sign(), digits);
      }
      case 'u' -> field.integer("", Long.toUnsignedString(unsigned(length)));
      case 'x', 'X' -> {
        long value = unsigned(length);
        String digits = field.integer(hexPrefix(field, value), Long.toHexString(value));
        yield conversion == 'X' ? digits.toUpperCase(Locale.ROOT) : digits;
      }
      case 'o' -> {
        String digits = Long.toOctalString(unsigned(length));
        yield field.integer(field.alternate() && !digits.equals("0") ? "0" : "", digits);
      }
      case 'c' -> field.text(Character.toString((char) (integer(4) & 0xff)));
      case 's' -> field.string(string(integer(8)));
      case 'p' -> field.text("0x" + Long.toHexString(integer(8)));
      default -> floating(field, conversion);
    };
  }

  private static String hexPrefix(PrintfField field, long value) {
    return field.alternate() && value != 0 ? "0x" : "";
  }

  private String string(long address) {
    return address == 0 ? "(null)" : DeviceText.read(memory, address);
  }

  private static boolean isLong(String length) {
    return !length.isEmpty() && length.charAt(0) != 'h';
  }

  private long number(String length) {
    if (isLong(length)) {
      return integer(8);
    }
    int value = (int) integer(4);
    return length.equals("h") ? (short) value : length.equals("hh") ? (byte) value : value;
  }

  private long unsigned(String length) {
    if (isLong(length)) {
      return integer(8);
    }
    long value = integer(4) & 0xffff_ffffL;
    return length.equals("h") ? value & 0xffff : length.equals("hh") ? value & 0xff : value;
  }

  private String floating(PrintfField field, char conversion) {
    double value = Double.longBitsToDouble(integer(8));
    boolean upper = Character.isUpperCase(conversion);
    boolean negative = (Double.doubleToRawLongBits(value) & Long.MIN_VALUE) != 0;
    String sign = negative ? "-" : field.sign();
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      String name = Double.isNaN(value) ? "nan" : "inf";
      return field.text(sign + (upper ? name.toUpperCase(Locale.ROOT) : name));
    }
    String digits = digits(field, Math.abs(value), Character.toLowerCase(conversion));
    String shown = upper ? digits.toUpperCase(Locale.ROOT) : digits;
    boolean hex = Character.toLowerCase(conversion) == 'a';
    return hex
        ? field.number(sign + shown.substring(0, 2), shown.substring(2))
        : field.number(sign, shown);
  }

  private static String digits(PrintfField field, double value, char conversion) {
    int precision = field.precision() < 0 ? DIGITS_DEFAULT : field.precision();
    return switch (conversion) {
      case 'f' -> fixed(precision, field.alternate(), value);
      case 'e' -> scientific(precision, field.alternate(), value);
      case 'g' -> general(Math.max(1, precision), field.alternate(), value);
      default -> hexadecimal(value);
    };
  }

  /** Exactly rounded, ties to even, as C libraries do; Java's own formatter rounds ties up. */
  private static String fixed(int precision, boolean keepPoint, double value) {
    String digits =
        new BigDecimal(value).setScale(precision, RoundingMode.HALF_EVEN).toPlainString();
    return keepPoint && precision == 0 ? digits + "." : digits;
  }

  private static String scientific(int precision, boolean keepPoint, double value) {
    BigDecimal rounded =
        new BigDecimal(value).round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
    String digits = rounded.unscaledValue().toString();
    int exponent = rounded.signum() == 0 ? 0 : digits.length() - 1 - rounded.scale();
    String zeros = "0".repeat(Math.max(0, precision + 1 - digits.length()));
    String mantissa = (digits + zeros).substring(0, precision + 1);
    String amount = Integer.toString(Math.abs(exponent));
    return mantissa.charAt(0)
        + (precision > 0 || keepPoint ? "." : "")
        + mantissa.substring(1)
        + (exponent < 0 ? "e-" : "e+")
        + (amount.length() < 2 ? "0" : "")
        + amount;
  }

  /** The shorter of both forms, without zeros at the end. */
  private static String general(int precision, boolean keepZeros, double value) {
    String scientific = scientific(precision - 1, keepZeros, value);
    int e = scientific.indexOf('e');
    int exponent = Integer.parseInt(scientific.substring(e + 1));
    if (exponent < -4 || exponent >= precision) {
      String digits = scientific.substring(0, e);
      return (keepZeros ? digits : trimZeros(digits)) + scientific.substring(e);
    }
    String digits = fixed(precision - 1 - exponent, keepZeros, value);
    return keepZeros ? digits : trimZeros(digits);
  }

  /** As C's %a without a precision: no zeros at the end, and the exponent with its sign. */
  private static String hexadecimal(double value) {
    String digits = Double.toHexString(value).replace(".0p", "p");
    int p = digits.indexOf('p');
    return digits.charAt(p + 1) == '-'
        ? digits
        : digits.substring(0, p) + "p+" + digits.substring(p + 1);
  }

  private static String trimZeros(String digits) {
    if (digits.indexOf('.') < 0) {
      return digits;
    }
    String trimmed = digits.replaceAll("0+$", "");
    return trimmed.endsWith(".") ? trimmed.substring(0, trimmed.length() - 1) : trimmed;
  }

  private long integer(int bytes) {
    next = (next + bytes - 1) & -bytes;
    long value = bytes == 8 ? Access.loadLong(memory, next) : Access.loadInt(memory, next);
    next += bytes;
    return value;
  }
}
