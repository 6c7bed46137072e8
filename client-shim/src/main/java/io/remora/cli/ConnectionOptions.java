// SPDX-License-Identifier: Apache-2.0
package io.remora.cli;

import io.remora.client.ConfiguredSettings;
import io.remora.client.ConnectionSettings;
import io.remora.client.config.ClientSettings;
import io.remora.client.config.SettingKey;
import io.remora.client.config.Surroundings;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The options by which a command finds its server. There is none for the token itself: other users
 * of the machine could read it in the list of processes.
 */
final class ConnectionOptions {
  @Option(
      names = "--server",
      paramLabel = "HOST:PORT",
      description =
          "The server, or several of a pool with commas in between; also REMORA_SERVER, or 'server'"
              + " in remora.yaml.")
  private @Nullable String server;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description = "File with the tenant's token; also REMORA_TOKEN_FILE or REMORA_TOKEN.")
  private @Nullable String tokenFile;

  @Option(
      names = "--ca",
      paramLabel = "FILE",
      description = "Certificates to trust (PEM) instead of the system's; also REMORA_CA.")
  private @Nullable String ca;

  @Option(
      names = "--tls",
      paramLabel = "on|off",
      description = "Whether to encrypt (default: on); also REMORA_TLS.")
  private @Nullable String tls;

  @Option(
      names = "--client-certificate",
      paramLabel = "FILE",
      description = "The client's own certificate (PEM); also REMORA_CLIENT_CERTIFICATE.")
  private @Nullable String clientCertificate;

  @Option(
      names = "--client-key",
      paramLabel = "FILE",
      description = "Its key (PEM); also REMORA_CLIENT_KEY.")
  private @Nullable String clientKey;

  @Option(
      names = "--resume",
      paramLabel = "on|off",
      description =
          "Whether the session goes on when its connection is cut (default: on); also"
              + " REMORA_RESUME.")
  private @Nullable String resume;

  /** What was given, by setting. */
  Map<SettingKey, String> flags() {
    Map<SettingKey, String> flags = new EnumMap<>(SettingKey.class);
    add(flags, SettingKey.SERVER, server);
    add(flags, SettingKey.TOKEN_FILE, tokenFile);
    add(flags, SettingKey.CA, ca);
    add(flags, SettingKey.TLS, tls);
    add(flags, SettingKey.CLIENT_CERTIFICATE, clientCertificate);
    add(flags, SettingKey.CLIENT_KEY, clientKey);
    add(flags, SettingKey.RESUME, resume);
    return flags;
  }

  /**
   * How to connect.
   *
   * @throws IllegalArgumentException if the settings can't be understood
   */
  ConnectionSettings settings() {
    return ConfiguredSettings.of(ClientSettings.of(flags(), Surroundings.ofProcess()));
  }

  /** Adds what was given, if anything was. */
  static void add(Map<SettingKey, String> flags, SettingKey key, @Nullable String value) {
    if (value != null) {
      flags.put(key, value);
    }
  }
}
