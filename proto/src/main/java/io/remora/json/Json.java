// SPDX-License-Identifier: Apache-2.0
package io.remora.json;

import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Writes maps, lists, texts, numbers and booleans as JSON (RFC 8259). */
public final class Json {
  private final StringBuilder text = new StringBuilder();
  private final boolean indented;

  private Json(boolean indented) {
    this.indented = indented;
  }

  /**
   * For people: indented by two.
   *
   * @param value a {@link Map} with {@link String} keys, a {@link List}, a {@link String}, a number
   *     or a boolean
   */
  public static String of(Object value) {
    return new Json(true).write(value);
  }

  /** On one line, for logs and programs; values as with {@link #of}. */
  public static String line(Object value) {
    return new Json(false).write(value);
  }

  private String write(Object value) {
    value(value, "");
    return text.toString();
  }

  private void value(Object value, String indent) {
    if (value instanceof Map<?, ?> map) {
      object(map, indent);
    } else if (value instanceof List<?> list) {
      array(list, indent);
    } else if (value instanceof String string) {
      string(string);
    } else if (value instanceof Number || value instanceof Boolean) {
      text.append(value);
    } else {
      throw new IllegalArgumentException("no JSON for " + value.getClass());
    }
  }

  private void object(Map<?, ?> map, String indent) {
    text.append('{');
    Iterator<? extends Map.Entry<?, ?>> entries = map.entrySet().iterator();
    while (entries.hasNext()) {
      Map.Entry<?, ?> entry = entries.next();
      breakLine(indent + "  ");
      string((String) entry.getKey());
      text.append(indented ? ": " : ":");
      value(entry.getValue(), indent + "  ");
      end(entries.hasNext(), indent);
    }
    text.append('}');
  }

  private void array(List<?> list, String indent) {
    text.append('[');
    Iterator<?> elements = list.iterator();
    while (elements.hasNext()) {
      breakLine(indent + "  ");
      value(elements.next(), indent + "  ");
      end(elements.hasNext(), indent);
    }
    text.append(']');
  }

  private void breakLine(String indent) {
    if (indented) {
      text.append('\n').append(indent);
    }
  }

  private void end(boolean more, String indent) {
    if (more) {
      text.append(',');
    } else {
      breakLine(indent);
    }
  }

  private void string(String string) {
    text.append('"');
    string.chars().forEach(this::character);
    text.append('"');
  }

  private void character(int c) {
    switch (c) {
      case '"' -> text.append("\\\"");
      case '\\' -> text.append("\\\\");
      case '\n' -> text.append("\\n");
      case '\t' -> text.append("\\t");
      default -> {
        if (c < 0x20) {
          text.append(String.format("\\u%04x", c));
        } else {
          text.append((char) c);
        }
      }
    }
  }
}
