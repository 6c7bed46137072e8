// SPDX-License-Identifier: Apache-2.0
package io.remora.server;

import io.remora.server.config.ServerConfig;
import io.remora.server.config.TlsMode;
import io.remora.server.files.PrivateFiles;
import io.remora.server.tenant.LocalTenant;
import io.remora.server.tls.LocalCertificates;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/**
 * The files that say who the server is and whom it serves: those of the operator, or for a server
 * on loopback those that it makes itself on first start.
 *
 * @param tenants the tenants file
 * @param certificate null with TLS off, as {@code key} and {@code ca}
 * @param key the certificate's key
 * @param ca what clients must trust; null if the operator gave the certificate
 * @param token file with the token of a tenant that was made; null if the operator named tenants
 */
record Credentials(
    Path tenants,
    @Nullable Path certificate,
    @Nullable Path key,
    @Nullable Path ca,
    @Nullable Path token) {

  /** Finds or makes the files. */
  static Credentials prepare(ServerConfig config, InstantSource clock)
      throws IOException, GeneralSecurityException {
    SecureRandom random = new SecureRandom();
    Path tenants = config.tenants();
    Path token = null;
    if (tenants == null) {
      LocalTenant made = LocalTenant.ensure(config.stateDirectory(), clock, random);
      tenants = made.tenants();
      token = made.token();
    }
    if (config.makesCertificate()) {
      LocalCertificates made =
          LocalCertificates.ensure(config.stateDirectory(), hostName(), clock.instant(), random);
      return new Credentials(tenants, made.certificate(), made.key(), made.ca(), token);
    }
    boolean encrypted = config.tls() == TlsMode.ON;
    return new Credentials(
        tenants,
        encrypted ? config.certificate() : null,
        encrypted ? config.key() : null,
        null,
        token);
  }

  /**
   * Leaves what programs of the same user need to connect, if the server has made any of it.
   *
   * @param address where the server listens
   */
  void announce(ServerConfig config, String address) throws IOException {
    if (token == null) {
      return;
    }
    StringBuilder text = new StringBuilder();
    text.append("# How programs of this user reach the server that was started last.\n");
    line(text, "server", address);
    line(text, "token_file", token.toString());
    if (ca != null) {
      line(text, "ca", ca.toString());
    } else if (config.tls() == TlsMode.OFF) {
      line(text, "tls", "off");
    }
    PrivateFiles.write(config.stateDirectory().resolve("local.yaml"), text.toString());
  }

  private static void line(StringBuilder text, String key, String value) {
    // JSON's escapes, which a double-quoted YAML text has too.
    String escaped = value.replace("\\", "\\\\").replace("\"", "\\\"");
    text.append(key).append(": \"").append(escaped).append("\"\n");
  }

  private static String hostName() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return "localhost";
    }
  }
}
