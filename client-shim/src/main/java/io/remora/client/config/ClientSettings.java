// SPDX-License-Identifier: Apache-2.0
package io.remora.client.config;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How to reach a server, as configured. The first of these places that has a setting decides it:
 * flags, environment, {@code remora.yaml} in the working directory, {@code remora.yaml} in the
 * user's configuration directory. What a server on this machine has left for its user fills the
 * rest if no server is configured, or just that one.
 *
 * @param server HOST or HOST:PORT, not yet taken apart
 * @param token the bearer token; null if none is configured
 * @param ca PEM file of the certificates to trust instead of the system's; null for the system's
 * @param clientCertificate PEM file of the client's own certificate; null for none
 * @param clientKey PEM file of its key
 * @param tls whether the connection is encrypted
 * @param read the files that had settings, in the order of precedence
 */
public record ClientSettings(
    Found<String> server,
    @Nullable Found<String> token,
    @Nullable Found<Path> ca,
    @Nullable Found<Path> clientCertificate,
    @Nullable Found<Path> clientKey,
    Found<TlsMode> tls,
    List<Path> read) {

  /** The settings of this process without flags. */
  public static ClientSettings ofProcess() {
    return of(Map.of(), Surroundings.ofProcess());
  }

  /**
   * Finds the settings.
   *
   * @param flags what the command line says
   * @throws IllegalArgumentException if a setting or a file is wrong, or no server is configured;
   *     the message says where and what to do
   */
  public static ClientSettings of(Map<SettingKey, String> flags, Surroundings around) {
    return new SettingsSearch(flags, around).settings();
  }

  /** Without the token, so that no log shows it. */
  @Override
  public String toString() {
    return "ClientSettings[server="
        + server
        + ", token from "
        + (token == null ? "nowhere" : token.origin())
        + ", ca="
        + ca
        + ", tls="
        + tls
        + "]";
  }
}
