// SPDX-License-Identifier: Apache-2.0
package io.remora.calls;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.stream.Collectors;

/**
 * The table as text that depends only on what both ends must agree on: numbers, classes, fields and
 * checks. Comments, groups, notes and the order of entries don't change it.
 */
public final class CanonicalText {
  private CanonicalText() {}

  /** One line for each entry that travels and one, indented, for each of its fields. */
  public static String of(CallTable table) {
    var text = new StringBuilder();
    for (CallEntry entry : table.onWire()) {
      text.append(entry.number()).append(' ').append(entry.messageName());
      text.append(' ').append(entry.callClass()).append(entry.queued() ? " queued" : "");
      text.append('\n');
      text.append(
          entry.parameters().stream()
              .filter(parameter -> !parameter.clientOnly())
              .map(CanonicalText::line)
              .collect(Collectors.joining()));
    }
    return text.toString();
  }

  /** SHA-256 of the text. */
  static byte[] hash(CallTable table) {
    try {
      return MessageDigest.getInstance("SHA-256")
          .digest(of(table).getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException missing) {
      throw new IllegalStateException("every Java has SHA-256", missing);
    }
  }

  private static String line(CallParameter parameter) {
    var text = new StringBuilder("  ").append(parameter.number());
    text.append(' ').append(parameter.name()).append(' ').append(parameter.javaType());
    text.append(parameter.unsigned() ? " unsigned " : " ").append(parameter.direction());
    parameter
        .handle()
        .ifPresent(
            rule ->
                text.append(' ')
                    .append(rule.kind())
                    .append('/')
                    .append(rule.use())
                    .append(rule.zero() ? "/zero" : ""));
    text.append(parameter.devicePointer() ? " device" : "");
    if (!parameter.length().isEmpty()) {
      text.append(" [").append(parameter.length()).append('*').append(parameter.unitBytes());
      text.append(']');
    }
    if (!parameter.rows().isEmpty()) {
      text.append(" rows ").append(parameter.rows()).append('@').append(parameter.pitch());
    }
    parameter.min().ifPresent(min -> text.append(" min ").append(min));
    parameter.max().ifPresent(max -> text.append(" max ").append(max));
    parameter.mask().ifPresent(mask -> text.append(" mask ").append(mask));
    return text.append('\n').toString();
  }
}
