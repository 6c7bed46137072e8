// SPDX-License-Identifier: Apache-2.0
package io.remora.server.config;

/** Whether connections are encrypted. */
public enum TlsMode {
  /** TLS 1.3. */
  ON,
  /** Plaintext; on loopback only. */
  OFF
}
