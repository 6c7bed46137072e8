// SPDX-License-Identifier: Apache-2.0
package io.remora.ptx.exec;

import io.remora.ptx.memory.Access;
import io.remora.ptx.memory.DeviceMemory;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * The {@code printf} of kernels (CUDA programming guide, "Formatted Output"): arguments lie one
 * behind the other, each aligned to its size; floats come as doubles.
 */
final class DevicePrintf {
  private final DeviceMemory memory;
  private final StringBuilder text = new StringBuilder();
  private long next;
  private int printed;

  private DevicePrintf(DeviceMemory memory, long arguments) {
    this.memory = memory;
    this.next = arguments;
  }

  static int print(DeviceMemory memory, long format, long arguments, Consumer<String> sink) {
    var printf = new DevicePrintf(memory, arguments);
    printf.format(DeviceText.read(memory, format));
    sink.accept(printf.text.toString());
    return printf.printed;
  }

  private void format(String format) {
    int i = 0;
    while (i < format.length()) {
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
    var flags = new StringBuilder();
    for (char c : options.toCharArray()) {
      if (c == '*') {
        flags.append((int) integer(4));
      } else if ("hlzjtL".indexOf(c) < 0) {
        flags.append(c);
      }
    }
    boolean isLong =
        options.indexOf('l') >= 0
            || options.indexOf('z') >= 0
            || options.indexOf('j') >= 0
            || options.indexOf('t') >= 0;
    printed++;
    if (flags.toString().matches(".*[0-9]{4,}.*")) {
      flags.setLength(0); // A width of thousands is a mistake or an attack on our memory.
    }
    try {
      text.append(value(flags.toString(), isLong, conversion));
    } catch (IllegalArgumentException e) { // Java refuses some combinations of flags that C takes.
      text.append('%').append(options).append(conversion);
    }
  }

  private String value(String flags, boolean isLong, char conversion) {
    return switch (conversion) {
      case 'd', 'i' ->
          String.format(Locale.ROOT, "%" + withoutPrecision(flags) + "d", signed(isLong));
      case 'u' -> {
        long value = isLong ? integer(8) : integer(4) & 0xffff_ffffL;
        yield String.format(
            Locale.ROOT, "%" + withoutPrecision(flags) + "s", Long.toUnsignedString(value));
      }
      case 'x', 'X', 'o' -> {
        String form = "%" + withoutPrecision(flags) + conversion;
        yield isLong
            ? String.format(Locale.ROOT, form, integer(8))
            : String.format(Locale.ROOT, form, (int) integer(4));
      }
      case 'c' -> String.format(Locale.ROOT, "%" + flags + "c", (char) (integer(4) & 0xff));
      case 's' ->
          String.format(Locale.ROOT, "%" + flags + "s", DeviceText.read(memory, integer(8)));
      case 'p' -> "0x" + Long.toHexString(integer(8));
      case 'f', 'F', 'e', 'E', 'g', 'G', 'a', 'A' -> floating(flags, conversion);
      default -> "%" + flags + conversion;
    };
  }

  private static String withoutPrecision(String flags) {
    int dot = flags.indexOf('.');
    return dot < 0 ? flags : flags.substring(0, dot);
  }

  private long signed(boolean isLong) {
    return isLong ? integer(8) : (int) integer(4);
  }

  private String floating(String flags, char conversion) {
    double value = Double.longBitsToDouble(integer(8));
    if (Double.isNaN(value) || Double.isInfinite(value)) {
      String name = Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
      return String.format(Locale.ROOT, "%" + withoutPrecision(flags).replace("0", "") + "s", name);
    }
    if (conversion == 'g' || conversion == 'G') {
      return general(flags, value, conversion == 'G');
    }
    char form = conversion == 'F' ? 'f' : conversion;
    return String.format(Locale.ROOT, "%" + flags + form, value);
  }

  /** C's %g drops trailing zeros; Java's doesn't. */
  private static String general(String flags, double value, boolean upper) {
    int dot = flags.indexOf('.');
    int precision = dot < 0 ? 6 : Math.max(1, Integer.parseInt("0" + flags.substring(dot + 1)));
    String scientific = String.format(Locale.ROOT, "%." + (precision - 1) + "e", value);
    int exponent = Integer.parseInt(scientific.substring(scientific.indexOf('e') + 1));
    String digits;
    if (exponent < -4 || exponent >= precision) {
      int e = scientific.indexOf('e');
      digits = trimZeros(scientific.substring(0, e)) + scientific.substring(e);
    } else {
      digits =
          trimZeros(String.format(Locale.ROOT, "%." + (precision - 1 - exponent) + "f", value));
    }
    String shown = upper ? digits.toUpperCase(Locale.ROOT) : digits;
    return String.format(Locale.ROOT, "%" + withoutPrecision(flags) + "s", shown);
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
