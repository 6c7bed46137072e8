// SPDX-License-Identifier: Apache-2.0
package io.remora.server.web;

import java.nio.charset.StandardCharsets;

/**
 * What is answered to a request.
 *
 * @param status of HTTP
 * @param type {@code Content-Type}
 */
record WebAnswer(int status, String type, byte[] body) {
  static final String JSON = "application/json";
  static final String TEXT = "text/plain; charset=utf-8";

  static WebAnswer text(int status, String text) {
    return new WebAnswer(status, TEXT, (text + "\n").getBytes(StandardCharsets.UTF_8));
  }

  static WebAnswer json(String json) {
    return new WebAnswer(200, JSON, json.getBytes(StandardCharsets.UTF_8));
  }
}
