// SPDX-License-Identifier: Apache-2.0
package io.remora.config;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes in bytes as people write them: {@code 4GiB}, {@code 512 MiB}, {@code 1.5GB}, {@code 0}. */
public final class ByteSize {
  /** What may be written, for messages. */
  public static final String FORMS = "a size like 4GiB, 512MiB or 1.5GB, or a number of bytes";

  private static final Pattern FORM =
      Pattern.compile("(\\d{1,19}(?:\\.\\d{1,9})?)\\s*([kmgtp]?i?b?)", Pattern.CASE_INSENSITIVE);
  private static final List<String> PREFIXES = List.of("", "K", "M", "G", "T", "P");

  private ByteSize() {}

  /** Reads a size; empty if the text isn't one, or is more than 2^63-1 bytes. */
  public static Optional<Long> parse(String text) {
    Matcher matcher = FORM.matcher(text.strip());
    if (!matcher.matches()) {
      return Optional.empty();
    }
    String unit = matcher.group(2).toUpperCase(Locale.ROOT);
    if (unit.equals("I") || unit.equals("IB")) {
      return Optional.empty();
    }
    // "4G" means what the kernel and container runtimes mean by it: 4 GiB.
    boolean decimal = unit.length() == 2 && unit.endsWith("B");
    String prefix = unit.isEmpty() || unit.equals("B") ? "" : unit.substring(0, 1);
    double factor = Math.pow(decimal ? 1000 : 1024, PREFIXES.indexOf(prefix));
    if (factor == 1 && matcher.group(1).contains(".")) {
      return Optional.empty();
    }
    if (!matcher.group(1).contains(".")) {
      try {
        return Optional.of(Math.multiplyExact(Long.parseLong(matcher.group(1)), (long) factor));
      } catch (ArithmeticException | NumberFormatException e) {
        return Optional.empty();
      }
    }
    double bytes = Double.parseDouble(matcher.group(1)) * factor;
    return bytes < Long.MAX_VALUE ? Optional.of((long) bytes) : Optional.empty();
  }

  /**
   * Writes a size so that {@link #parse} reads exactly the same: the largest unit that divides it.
   */
  public static String format(long bytes) {
    int unit = 0;
    long count = bytes;
    while (unit < PREFIXES.size() - 1 && count != 0 && count % 1024 == 0) {
      count /= 1024;
      unit++;
    }
    return unit == 0 ? count + "B" : count + PREFIXES.get(unit) + "iB";
  }
}
