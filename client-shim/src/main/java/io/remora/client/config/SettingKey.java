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
  RUNTIME_KEY("runtime_key", "REMORA_RUNTIME_KEY_FILE", "--runtime-key"),
  GPUS("pool.gpus", "REMORA_GPUS", "--gpus"),
  MEMORY("pool.memory", "REMORA_MEMORY", "--memory"),
  CLASS("pool.class", "REMORA_CLASS", "--class"),
  LABELS("pool.labels", "REMORA_LABELS", "--label"),
  POLICY("pool.policy", "REMORA_POLICY", "--policy"),
  WAIT("pool.wait", "REMORA_WAIT", "--wait");

  private static final String SECTION = "pool.";

  private final String fileKey;
  private final String variable;
  private final String flag;

  SettingKey(String fileKey, String variable, String flag) {
    this.fileKey = fileKey;
    this.variable = variable;
    this.flag = flag;
  }

  /** The key in {@code remora.yaml}, for one in a section with a dot. */
  public String fileKey() {
    return fileKey;
  }

  /** Whether it is what a session asks a pool for; the server reads the value. */
  public boolean isWant() {
    return fileKey.startsWith(SECTION);
  }

  /** A want's key within the section {@code pool}. */
  String keyInSection() {
    return fileKey.substring(SECTION.length());
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
