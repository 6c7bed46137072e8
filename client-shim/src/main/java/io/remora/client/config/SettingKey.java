// SPDX-License-Identifier: Apache-2.0
package io.remora.client.config;

/** The settings by their names in each kind of place. */
public enum SettingKey {
  SERVER("server", "REMORA_SERVER", "--server"),
  TOKEN("token", "REMORA_TOKEN", "--token"),
  TOKEN_FILE("token_file", "REMORA_TOKEN_FILE", "--token-file"),
  CA("ca", "REMORA_CA", "--ca"),
  TLS("tls", "REMORA_TLS", "--tls"),
  CLIENT_CERTIFICATE("client_certificate", "REMORA_CLIENT_CERTIFICATE", "--client-certificate"),
  CLIENT_KEY("client_key", "REMORA_CLIENT_KEY", "--client-key"),
  RESUME("resume", "REMORA_RESUME", "--resume"),
  RUNTIME_KEY("runtime_key", "REMORA_RUNTIME_KEY_FILE", "--runtime-key");

  private final String fileKey;
  private final String variable;
  private final String flag;

  SettingKey(String fileKey, String variable, String flag) {
    this.fileKey = fileKey;
    this.variable = variable;
    this.flag = flag;
  }

  /** The key in {@code remora.yaml}. */
  public String fileKey() {
    return fileKey;
  }

  /** The environment variable. */
  public String variable() {
    return variable;
  }

  /** The option of the command line; there is none for {@link #TOKEN}, which `ps` would show. */
  public String flag() {
    return flag;
  }
}
