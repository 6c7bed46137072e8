// SPDX-License-Identifier: Apache-2.0
package io.remora.client.config;

import java.util.Locale;

/** Whether a session goes on when its connection is cut, if the server allows that. */
public enum ResumeMode {
  /** The client connects again and goes on. */
  ON,
  /** The session ends with its connection, and the server frees at once what it held. */
  OFF;

  /** The word for it in flags, variables and files. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Found<ResumeMode> parse(Found<String> text) {
    return switch (text.value().toLowerCase(Locale.ROOT)) {
      case "on" -> new Found<>(ON, text.origin());
      case "off" -> new Found<>(OFF, text.origin());
      default ->
          throw new IllegalArgumentException(
              text.origin() + ": resume is 'on' or 'off', not '" + text.value() + "'");
    };
  }
}
