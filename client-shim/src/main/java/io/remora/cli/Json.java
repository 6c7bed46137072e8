// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Writes maps, lists, texts, numbers and booleans as JSON (RFC 8259), indented by two. */
final class Json {
  private final StringBuilder text = new StringBuilder();

  private Json() {}

  /**
   * @param value a {@link Map} with {@link String} keys, a {@link List}, a {@link String}, a number
   *     or a boolean
   */
  static String of(Object value) {
    Json json = new Json();
    json.value(value, "");
    return json.text.toString();
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
      text.append('\n').append(indent).append("  ");
      string((String) entry.getKey());
      text.append(": ");
      value(entry.getValue(), indent + "  ");
      text.append(entries.hasNext() ? "," : "\n" + indent);
    }
    text.append('}');
  }

  private void array(List<?> list, String indent) {
    text.append('[');
    Iterator<?> elements = list.iterator();
    while (elements.hasNext()) {
      text.append('\n').append(indent).append("  ");
      value(elements.next(), indent + "  ");
      text.append(elements.hasNext() ? "," : "\n" + indent);
    }
    text.append(']');
  }

  private void string(String string) {
    text.append('"');
    string
        .chars()
        .forEach(
            c -> {
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
            });
    text.append('"');
  }
}
