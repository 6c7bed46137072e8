// SPDX-License-Identifier: Apache-2.0
package io.remora.client.config;

import java.util.Locale;

/** Whether the connection is encrypted. */
public enum TlsMode {
  /** TLS; the server's certificate is checked. */
  ON,
  /** Plain text, which servers allow on loopback only. */
  OFF;

  /** The word for it in flags, variables and files. */
  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }

  static Found<TlsMode> parse(Found<String> text) {
    return switch (text.value().toLowerCase(Locale.ROOT)) {
      case "on" -> new Found<>(ON, text.origin());
      case "off" -> new Found<>(OFF, text.origin());
      default ->
          throw new IllegalArgumentException(
              text.origin() + ": TLS is 'on' or 'off', not '" + text.value() + "'");
    };
  }
}
