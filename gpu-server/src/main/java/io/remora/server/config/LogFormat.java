// SPDX-License-Identifier: Apache-2.0
package io.remora.server.config;

/** How log lines look on standard error. */
public enum LogFormat {
  /** For people. */
  TEXT,
  /** One JSON object a line, for collectors. */
  JSON
}
