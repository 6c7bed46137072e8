// SPDX-License-Identifier: Apache-2.0
package io.remora.server.web;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The files of the page, by path, read from the jar once. It needs no others: no fonts, scripts or
 * pictures from elsewhere.
 */
record PageFiles(Map<String, WebAnswer> answers) {
  private static final String FOLDER = "/io/remora/server/web/";

  static PageFiles load() {
    Map<String, WebAnswer> answers = new HashMap<>();
    WebAnswer page = read("index.html", "text/html; charset=utf-8");
    answers.put("/", page);
    answers.put("/style.css", read("style.css", "text/css; charset=utf-8"));
    answers.put("/app.js", read("app.js", "text/javascript; charset=utf-8"));
    answers.put("/timeline.js", read("timeline.js", "text/javascript; charset=utf-8"));
    answers.put("/icon.svg", read("icon.svg", "image/svg+xml"));
    return new PageFiles(Map.copyOf(answers));
  }

  private static WebAnswer read(String name, String type) {
    try (InputStream in = PageFiles.class.getResourceAsStream(FOLDER + name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing from the server's jar");
      }
      return new WebAnswer(200, type, in.readAllBytes());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The file at a path, or null. */
  @Nullable WebAnswer get(String path) {
    return answers.get(path);
  }
}
