// SPDX-License-Identifier: Apache-2.0
package io.remora.client.config;

import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How to reach a server, as configured. The first of these places that has a setting decides it:
 * flags, environment, {@code remora.yaml} in the working directory, {@code remora.yaml} in the
 * user's configuration directory. What a server on this machine has left for its user fills the
 * rest if no server is configured, or just that one.
 *
 * @param server HOST or HOST:PORT, not yet taken apart
 * @param token the bearer token; null if none is configured
 * @param tokenFile the file that has it; null if a setting gives the token itself
 * @param ca PEM file of the certificates to trust instead of the system's; null for the system's
 * @param clientCertificate PEM file of the client's own certificate; null for none
 * @param clientKey PEM file of its key
 * @param tls whether the connection is encrypted
 * @param resume whether the session goes on when its connection is cut
 * @param runtimeKey file with the key that programs of the CUDA runtime ask for; null for none
 * @param onlyLocal whether nobody configured the server: one on this machine has left its address,
 *     and may have ended since
 * @param read the files that had settings, in the order of precedence
 */
public record ClientSettings(
    Found<String> server,
    @Nullable Found<String> token,
    @Nullable Found<Path> tokenFile,
    @Nullable Found<Path> ca,
    @Nullable Found<Path> clientCertificate,
    @Nullable Found<Path> clientKey,
    Found<TlsMode> tls,
    Found<ResumeMode> resume,
    @Nullable Found<Path> runtimeKey,
    boolean onlyLocal,
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
    return find(flags, around)
        .orElseThrow(
            () ->
                new IllegalArgumentException(
                    "no server is configured: use --server HOST:PORT, set REMORA_SERVER, or write"
                        + " 'server:' into "
                        + around.fileOfUser()));
  }

  /**
   * Finds the settings; empty if no server is configured.
   *
   * @param flags what the command line says
   * @throws IllegalArgumentException if a setting or a file is wrong
   */
  public static Optional<ClientSettings> find(Map<SettingKey, String> flags, Surroundings around) {
    return new SettingsSearch(flags, around).settings();
  }

  /**
   * The environment variables by which a program finds just these settings. Those that are not
   * among them have to be absent from its environment.
   */
  public Map<String, String> environment() {
    Map<SettingKey, String> values = new EnumMap<>(SettingKey.class);
    values.put(SettingKey.SERVER, server.value());
    if (tokenFile != null) {
      // Everybody who may see the environment of a process would see the token itself.
      values.put(SettingKey.TOKEN_FILE, tokenFile.value().toString());
    } else if (token != null) {
      values.put(SettingKey.TOKEN, token.value());
    }
    put(values, SettingKey.CA, ca);
    put(values, SettingKey.TLS, new Found<>(tls.value().toString(), tls.origin()));
    put(values, SettingKey.RESUME, resume);
    put(values, SettingKey.CLIENT_CERTIFICATE, clientCertificate);
    put(values, SettingKey.CLIENT_KEY, clientKey);
    put(values, SettingKey.RUNTIME_KEY, runtimeKey);
    Map<String, String> environment = new TreeMap<>();
    values.forEach((key, value) -> environment.put(key.variable(), value));
    return environment;
  }

  private static void put(
      Map<SettingKey, String> values, SettingKey key, @Nullable Found<?> found) {
    if (found != null) {
      values.put(key, found.value().toString());
    }
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
