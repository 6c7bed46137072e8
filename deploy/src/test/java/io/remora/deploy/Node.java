// SPDX-License-Identifier: Apache-2.0
package io.remora.deploy;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A part of a YAML or JSON document; what isn't there is an error that names it. */
record Node(Object value) {
  /** The part below the keys. */
  Node at(String... keys) {
    @Nullable Object found = value;
    for (String key : keys) {
      if (!(found instanceof Map<?, ?> map) || !map.containsKey(key)) {
        throw new AssertionError("there is no " + String.join(".", keys) + " in " + value);
      }
      found = map.get(key);
    }
    return new Node(Objects.requireNonNull(found));
  }

  Node item(int index) {
    return items().get(index);
  }

  List<Node> items() {
    return ((List<?>) value).stream().map(each -> new Node(Objects.requireNonNull(each))).toList();
  }

  /** A map's keys are texts here. */
  @SuppressWarnings("unchecked")
  Map<String, Object> map() {
    return (Map<String, Object>) value;
  }

  String text() {
    return (String) value;
  }

  @Override
  public String toString() {
    return value.toString();
  }
}
