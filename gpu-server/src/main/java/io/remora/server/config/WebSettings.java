// SPDX-License-Identifier: Apache-2.0
package io.remora.server.config;

import io.remora.config.ConfigException;
import io.remora.config.ConfigSection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where the page and the metrics are served, and to whom.
 *
 * @param listen null: nowhere
 * @param named whether somebody asked for that address; if not, a server does without where it
 *     can't be had
 * @param open whether everybody who can reach it sees everything; if not, it asks for a token
 */
public record WebSettings(@Nullable ListenAddress listen, boolean named, boolean open) {
  private static final int PORT_DEFAULT = 7444;
  private static final String OFF = "off";
  private static final String FORMS = "off, or HOST:PORT like 127.0.0.1:" + PORT_DEFAULT;

  /**
   * Reads the section.
   *
   * @param flag what the command line says, which wins
   * @param main where the server itself listens: one that takes any free port, as a test's does,
   *     has no page unless told where
   */
  static WebSettings read(ConfigSection section, @Nullable String flag, ListenAddress main) {
    Optional<String> text = section.text("listen");
    Optional<ListenAddress> address = text.flatMap(WebSettings::parse);
    if (text.isPresent() && address.isEmpty() && !text.get().equals(OFF)) {
      section.problem("listen", "must be " + FORMS);
    }
    if (flag != null) {
      text = Optional.of(flag);
      address = parse(flag);
      if (address.isEmpty() && !flag.equals(OFF)) {
        throw new ConfigException(List.of("--web must be " + FORMS + ", not " + flag));
      }
    }
    ListenAddress listen =
        text.isPresent() || main.port() == 0
            ? address.orElse(null)
            : new ListenAddress("127.0.0.1", PORT_DEFAULT);
    boolean loopback = listen == null || listen.isLoopback();
    return new WebSettings(listen, text.isPresent(), section.flag("open", loopback));
  }

  private static Optional<ListenAddress> parse(String text) {
    return text.equals(OFF) ? Optional.empty() : ListenAddress.parse(text, PORT_DEFAULT);
  }
}
